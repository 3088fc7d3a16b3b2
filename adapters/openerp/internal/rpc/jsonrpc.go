package rpc

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonCodec is JSON-RPC, as /jsonrpc has it.
type jsonCodec struct{}

func (jsonCodec) call(c *Client, uid int64, secret, model, method string, args Args) (request, error) {
	list, kw := args.rpc()
	params := []any{c.config.Database, uid, secret, model, method, list}
	if kw != nil {
		params = append(params, kw)
	}
	return jsonRequest("object", "execute_kw", params)
}

func jsonRequest(service, method string, params []any) (request, error) {
	body, err := appendJSON(nil, map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1,
		"params": map[string]any{"service": service, "method": method, "args": params}})
	return request{path: "jsonrpc", contentType: "application/json", body: body}, err
}

// An exception is how the JSON protocols tell of one.
type exception struct {
	Name    string         `json:"name"`
	Message jsontext.Value `json:"message"` // text, but nothing forbids an exception of a number
	Debug   string         `json:"debug"`
}

func (e exception) text() string {
	var text string
	if json.Unmarshal(e.Message, &text) != nil {
		return string(e.Message)
	}
	return text
}

func (jsonCodec) answer(c *Client, a answer) ([]byte, error) {
	if err := checkJSON(a.body, c.config.Limits); err != nil {
		return nil, err
	}
	var reply struct {
		Version string         `json:"jsonrpc"`
		ID      jsontext.Value `json:"id"`
		Result  jsontext.Value `json:"result"`
		Error   *struct {
			Code    jsontext.Value `json:"code"`
			Message string         `json:"message"`
			Data    exception      `json:"data"`
		} `json:"error"`
	}
	if err := json.Unmarshal(a.body, &reply); err != nil {
		return nil, err
	}
	switch {
	case reply.Version != "2.0":
		return nil, errors.New("it is not JSON-RPC 2.0")
	case reply.Error != nil:
		e := reply.Error
		text := e.Data.text()
		if text == "" {
			text = e.Message
		}
		return nil, newFault(string(e.Code), e.Data.Name, text)
	case string(reply.ID) != "1":
		return nil, errors.New("it answers another call")
	case a.status != 200:
		return nil, fmt.Errorf("it has the status %d", a.status)
	}
	return reply.Result, nil // none where the method returned None
}

// json2Codec is JSON-2.
type json2Codec struct{}

func (json2Codec) call(c *Client, _ int64, secret, model, method string, args Args) (request, error) {
	body, err := appendJSON(nil, args.named())
	r := request{path: "json/2/" + model + "/" + method, contentType: "application/json; charset=utf-8", body: body,
		header: map[string]string{"Authorization": "bearer " + secret}}
	if c.config.Database != "" {
		r.header["X-Odoo-Database"] = c.config.Database
	}
	return r, err
}

func (json2Codec) answer(c *Client, a answer) ([]byte, error) {
	if err := checkJSON(a.body, c.config.Limits); err != nil {
		return nil, err
	}
	if a.status == 200 {
		return a.body, nil
	}
	var e exception
	if err := json.Unmarshal(a.body, &e); err != nil || e.Name == "" {
		return nil, fmt.Errorf("the status is %d, and the body is no error of Odoo's", a.status)
	}
	return nil, newFault(fmt.Sprint(a.status), e.Name, e.text())
}
