package main

import (
	"encoding/json"
	"fmt"
)

// orderKeys are the keys of orders, of what artifice orders --output json
// prints.
func orderKeys(list []byte) ([]string, error) {
	var orders []struct {
		Order string `json:"order"`
	}
	if err := json.Unmarshal(list, &orders); err != nil {
		return nil, fmt.Errorf("the output of artifice orders: %w", err)
	}
	keys := make([]string, len(orders))
	for i, o := range orders {
		keys[i] = o.Order
	}
	return keys, nil
}
