package rpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// checkJSON says what is wrong with JSON that a server sent: its grammar, its
// depth, the number of its values, or a number of more digits than anything
// real has.
func checkJSON(data []byte, limits Limits) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	for n, ended := 0, false; ; n++ {
		token, err := dec.ReadToken()
		switch {
		case err == io.EOF && ended:
			return nil
		case err == nil && ended: // the decoder reads a stream of values
			return errors.New("invalid: it goes on after its end")
		case err != nil:
			return err
		case n >= limits.Values:
			return fmt.Errorf("it has more than %d values", limits.Values)
		case dec.StackDepth() > limits.Depth:
			return fmt.Errorf("it is nested deeper than %d", limits.Depth)
		}
		ended = dec.StackDepth() == 0
		if token.Kind() == '0' {
			if err := checkNumber(token.String()); err != nil {
				return err
			}
		}
	}
}

// checkNumber bounds a number of JSON's grammar.
func checkNumber(text string) error {
	if len(text) > maxDigits {
		return fmt.Errorf("a number of %d characters", len(text))
	}
	for i := range len(text) {
		if text[i] != 'e' && text[i] != 'E' {
			continue
		}
		if exponent, err := strconv.Atoi(text[i+1:]); err != nil || exponent > maxDigits || exponent < -maxDigits {
			return errors.New("a number that is out of any range")
		}
	}
	return nil
}
