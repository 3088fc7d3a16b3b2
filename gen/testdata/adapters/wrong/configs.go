package wrong

import (
	"context"
	"math/big"
	"time"
)

type named string

// These take configs with a field that nothing can be bound to, or a tag that
// says nothing.
type (
	Fields struct{ connected }
	Tags   struct{ connected }
	Keys   struct{ connected }
	Rests  struct{ connected }
	Hides  struct{ connected }
)

// FieldsConfig has fields that no text can be bound to.
type FieldsConfig struct {
	Chan     chan int
	Func     func()
	Pointer  *int
	Big      *big.Int
	Bytes    []byte
	Nested   [][]string
	Map      map[string]int
	Any      any
	Array    [2]string
	Complex  complex128
	Named    []named
	Instant  *time.Time
	Structs  []struct{ A string }
	Optional *Config
}

// TagsConfig has tags that are wrong.
type TagsConfig struct {
	Misspelt  string        `ini:"misspelt,requird"`
	Unknown   string        `ini:"unknown,frobnicate"`
	Both      string        `ini:"both,required,default=x"`
	Name      string        `ini:"not a name"`
	Malformed string        `ini:malformed`
	private   string        `ini:"private"`
	Number    int           `ini:"number,default=ten"`
	Hold      time.Duration `ini:"hold,default=1 hour"`
}

// KeysConfig has keys that are bound twice.
type KeysConfig struct {
	URL   string
	Other string `ini:"url"`
	Third string `ini:"third,alias=url"`
}

// RestsConfig has maps and structs that are tagged like values.
type RestsConfig struct {
	Text  string             `ini:"text,rest"`
	Map   map[string]string  `ini:"map,required"`
	Inner struct{ A string } `ini:"inner,default=x"`
}

func NewFields(context.Context, FieldsConfig) (*Fields, error) { return nil, nil }
func NewTags(context.Context, TagsConfig) (*Tags, error)       { return nil, nil }
func NewKeys(context.Context, KeysConfig) (*Keys, error)       { return nil, nil }
func NewRests(context.Context, RestsConfig) (*Rests, error)    { return nil, nil }

type inner struct {
	URL   string `ini:"inner_url"`
	Twice string `ini:"twice_here"`
}

type other struct {
	Twice string `ini:"twice_there"`
}

// HidesConfig embeds fields that cannot be reached.
type HidesConfig struct {
	inner
	other
	URL string
}

func NewHides(context.Context, HidesConfig) (*Hides, error) { return nil, nil }
