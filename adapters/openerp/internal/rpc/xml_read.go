package rpc

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func (xmlCodec) answer(c *Client, a answer) ([]byte, error) {
	if a.status != 200 {
		return nil, fmt.Errorf("the status is %d", a.status)
	}
	result, isFault, err := readXML(a.body, c.config.Limits)
	if err != nil || !isFault {
		return result, err
	}
	var fault struct {
		Code jsontext.Value `json:"faultCode"` // a number; of the old endpoints text
		Text string         `json:"faultString"`
	}
	if err := json.Unmarshal(result, &fault); err != nil {
		return nil, fmt.Errorf("the fault is not one: %w", err)
	}
	var code string
	if json.Unmarshal(fault.Code, &code) != nil {
		code = string(fault.Code)
	}
	return faultOfText(code, fault.Text)
}

// readXML reads a methodResponse and returns what it holds as JSON. A document
// type, and with it every entity but the five of XML, is an error.
func readXML(data []byte, limits Limits) (result []byte, fault bool, err error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	r := &xmlReader{dec: dec, limits: limits}
	err = func() error {
		if err := r.open("methodResponse"); err != nil {
			return err
		}
		name, err := r.openAny()
		if err != nil {
			return err
		}
		switch name {
		case "fault":
			fault = true
			err = r.value(0)
		case "params":
			if err = r.open("param"); err == nil {
				err = r.value(0)
			}
			if err == nil {
				err = r.close()
			}
		default:
			return fmt.Errorf("a <%s> instead of params or a fault", name)
		}
		if err != nil {
			return err
		}
		return errors.Join(r.close(), r.close(), r.end())
	}()
	if err == nil {
		// The JSON is ours, but the numbers and names in it are not.
		err = checkJSON(r.out, limits)
	}
	return r.out, fault, err
}

// An xmlReader turns XML-RPC values into JSON.
type xmlReader struct {
	dec    *xml.Decoder
	limits Limits
	values int
	out    []byte
	peeked xml.Token
}

// token returns the next token that is not white space, a comment or the XML
// declaration.
func (r *xmlReader) token() (xml.Token, error) {
	if t := r.peeked; t != nil {
		r.peeked = nil
		return t, nil
	}
	for {
		t, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.Comment:
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, errors.New("a processing instruction")
			}
		case xml.Directive:
			return nil, errors.New("a document type, which no answer needs")
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("text between the elements")
			}
		default:
			return t, nil
		}
	}
}

func (r *xmlReader) openAny() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	start, ok := t.(xml.StartElement)
	if !ok {
		return "", errors.New("an element ends too early")
	}
	return start.Name.Local, nil
}

func (r *xmlReader) open(name string) error {
	got, err := r.openAny()
	if err == nil && got != name {
		err = fmt.Errorf("a <%s> instead of a <%s>", got, name)
	}
	return err
}

func (r *xmlReader) close() error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if start, ok := t.(xml.StartElement); ok {
		return fmt.Errorf("a <%s> too many", start.Name.Local)
	}
	return nil
}

// closes reports whether the next token ends an element. It leaves the token.
func (r *xmlReader) closes() (bool, error) {
	t, err := r.token()
	if err != nil {
		return false, err
	}
	r.peeked = t
	_, ok := t.(xml.EndElement)
	return ok, nil
}

func (r *xmlReader) end() error {
	if _, err := r.token(); err != io.EOF {
		return errors.New("something follows the answer")
	}
	return nil
}

// value reads a <value>.
func (r *xmlReader) value(depth int) error {
	if err := r.open("value"); err != nil {
		return err
	}
	if r.values++; r.values > r.limits.Values {
		return fmt.Errorf("it has more than %d values", r.limits.Values)
	}
	if depth > r.limits.Depth {
		return fmt.Errorf("it is nested deeper than %d", r.limits.Depth)
	}
	// Text without an element is a string, and there white space counts.
	text, t, err := r.text()
	if err != nil {
		return err
	}
	start, ok := t.(xml.StartElement)
	if !ok {
		return r.quote(text)
	}
	if strings.TrimSpace(text) != "" {
		return fmt.Errorf("text before a <%s>", start.Name.Local)
	}
	if err := r.typed(start.Name.Local, depth); err != nil {
		return err
	}
	return r.close()
}

// text reads text up to the next tag, which it returns.
func (r *xmlReader) text() (string, xml.Token, error) {
	var b strings.Builder
	for {
		t, err := r.dec.Token()
		if err != nil {
			return "", nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.Comment:
		case xml.StartElement, xml.EndElement:
			return b.String(), t, nil
		default:
			return "", nil, errors.New("a directive within a value")
		}
	}
}

func (r *xmlReader) quote(text string) (err error) {
	r.out, err = jsontext.AppendQuote(r.out, text)
	return err
}

// typed reads what is in a <value>, after its type's opening tag.
func (r *xmlReader) typed(name string, depth int) error {
	switch name {
	case "array":
		return r.array(depth)
	case "struct":
		return r.structure(depth)
	}
	text, t, err := r.text()
	if err != nil {
		return err
	}
	if _, ok := t.(xml.EndElement); !ok {
		return fmt.Errorf("an element within a <%s>", name)
	}
	switch name {
	case "string", "dateTime.iso8601", "base64":
		return r.quote(text)
	}
	text = strings.TrimSpace(text)
	switch name {
	case "int", "i1", "i2", "i4", "i8":
		return r.number(name, text, "")
	case "double":
		return r.number(name, text, ".eE")
	case "boolean":
		switch text {
		case "0":
			r.out = append(r.out, "false"...)
		case "1":
			r.out = append(r.out, "true"...)
		default:
			return errors.New("a boolean that is neither 0 nor 1")
		}
	case "nil":
		r.out = append(r.out, "null"...)
	default:
		return fmt.Errorf("a value of the unknown type %s", name)
	}
	return nil
}

// number takes a number over as it is written. NaN and the infinities are
// none, and what JSON's grammar does not have is found when the JSON is checked.
func (r *xmlReader) number(name, text, also string) error {
	text = strings.TrimPrefix(text, "+")
	if text == "" || strings.Trim(text, "-+0123456789"+also) != "" {
		return fmt.Errorf("a %s that is no number", name)
	}
	r.out = append(r.out, text...)
	return nil
}

func (r *xmlReader) array(depth int) error {
	if err := r.open("data"); err != nil {
		return err
	}
	r.out = append(r.out, '[')
	for n := 0; ; n++ {
		done, err := r.closes()
		if err != nil {
			return err
		}
		if done {
			r.out = append(r.out, ']')
			return errors.Join(r.close(), r.close()) // data, array
		}
		if n > 0 {
			r.out = append(r.out, ',')
		}
		if err := r.value(depth + 1); err != nil {
			return err
		}
	}
}

func (r *xmlReader) structure(depth int) error {
	r.out = append(r.out, '{')
	for n := 0; ; n++ {
		done, err := r.closes()
		if err != nil {
			return err
		}
		if done {
			r.out = append(r.out, '}')
			return r.close()
		}
		if n > 0 {
			r.out = append(r.out, ',')
		}
		if err := r.member(depth); err != nil {
			return err
		}
	}
}

func (r *xmlReader) member(depth int) error {
	if err := r.open("member"); err != nil {
		return err
	}
	if err := r.open("name"); err != nil {
		return err
	}
	name, t, err := r.text()
	if err != nil {
		return err
	}
	if _, ok := t.(xml.EndElement); !ok {
		return errors.New("an element within a name")
	}
	if err := r.quote(name); err != nil {
		return err
	}
	r.out = append(r.out, ':')
	if err := r.value(depth + 1); err != nil {
		return err
	}
	return r.close()
}
