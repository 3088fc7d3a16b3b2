package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/openstack-artifice/artifice/cli"
)

// demoOrders asks the program itself, as a script would, for the keys of the
// orders of a deployment.
func demoOrders(ctx context.Context, app *cli.App, config string) ([]string, error) {
	var out bytes.Buffer
	quiet := *app
	quiet.Stdout = &out
	if code := quiet.Run(ctx, "orders", "--output", "json", "--config", config); code != cli.ExitDone {
		return nil, fmt.Errorf("artifice orders ended with exit code %d", code)
	}
	var orders []struct {
		Order string `json:"order"`
	}
	if err := json.Unmarshal(out.Bytes(), &orders); err != nil {
		return nil, fmt.Errorf("the output of artifice orders: %w", err)
	}
	keys := make([]string, len(orders))
	for i, o := range orders {
		keys[i] = o.Order
	}
	return keys, nil
}
