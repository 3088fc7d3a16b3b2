package gen

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// A report is what one run found, as -json prints it.
type report struct {
	Config   string          `json:"config"`
	Registry string          `json:"registry,omitempty"`
	Changed  bool            `json:"changed"` // was written or, with -check and -diff, would be
	Adapters []adapterReport `json:"adapters"`
	Mistakes []mistake       `json:"mistakes"`
	Notes    []string        `json:"notes,omitempty"`
	Diff     string          `json:"diff,omitempty"`
}

type adapterReport struct {
	Key       string `json:"key"`
	Reference string `json:"reference"`
	Package   string `json:"package"`
	Type      string `json:"type"`
}

// A mistake is one error. Line and column begin at 1 and are left out where
// there are none.
type mistake struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Detail  string `json:"detail,omitempty"`
	text    string // as a person reads it
}

func (r report) printJSON(w io.Writer) error {
	if r.Adapters == nil {
		r.Adapters = []adapterReport{}
	}
	if r.Mistakes == nil {
		r.Mistakes = []mistake{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// printGitHub prints the workflow commands that mark lines of a pull request.
func (r report) printGitHub(w io.Writer) {
	for _, m := range r.Mistakes {
		properties := []string{"title=artifice-gen"}
		if m.File != "" {
			properties = append(properties, "file="+escapeProperty(m.File))
		}
		if m.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", m.Line))
		}
		if m.Column > 0 {
			properties = append(properties, fmt.Sprintf("col=%d", m.Column))
		}
		message := m.Message
		if m.Detail != "" {
			message += "\n" + m.Detail
		}
		fmt.Fprintf(w, "::error %s::%s\n", strings.Join(properties, ","), escapeData(message))
	}
}

// escapeData escapes the message of a workflow command.
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty escapes a property of a workflow command.
func escapeProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
