package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretSize bounds the file that a secret is in, in bytes.
const maxSecretSize = 64 << 10

// A Path is a file or a directory. A relative one in the config is relative to
// the directory of the config file; bound by [Binder.Path] it can be opened.
type Path string

// A Secret says where a secret is: in an environment variable or in a file.
// It holds no secret until [Secret.Reveal] reads it, and prints as ***
// whichever way it is printed. The zero value is no secret.
type Secret struct {
	// Of a Secret in an unexported field fmt calls no methods. It then prints
	// what a pointer to a struct points at, but a pointer to a pointer as an
	// address.
	ref **reference
}

type reference struct {
	kind, name string // "env" and a variable, or "file" and an absolute path
}

const redacted = "***"

// ParseSecret parses "env:NAME" or "file:/path". It checks the form only and
// reads nothing. Its errors never hold the text.
func ParseSecret(text string) (Secret, error) {
	kind, name, ok := strings.Cut(text, ":")
	switch {
	case ok && kind == "env":
		if !isVariable(name) {
			return Secret{}, errors.New("env: wants the name of an environment variable after it; write env:NAME")
		}
	case ok && kind == "file":
		if !filepath.IsAbs(name) {
			return Secret{}, errors.New("file: wants an absolute path after it; write file:/path")
		}
	default:
		return Secret{}, errors.New("a literal here; write env:NAME or file:/path")
	}
	ref := &reference{kind, name}
	return Secret{&ref}, nil
}

// isVariable reports whether name is one that a shell can set.
func isVariable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// IsZero reports whether no secret was configured.
func (s Secret) IsZero() bool { return s.ref == nil }

// Reveal reads the secret. Of a file the newline at the end is trimmed. It is
// an error where the variable or the file is missing or empty; the error names
// it, and never what it holds.
func (s Secret) Reveal() (string, error) {
	if s.ref == nil {
		return "", errors.New("no secret is configured")
	}
	name := (*s.ref).name
	if (*s.ref).kind == "env" {
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return value, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("cannot read a secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretSize+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot read a secret: %w", err)
	case len(data) > maxSecretSize:
		return "", fmt.Errorf("the secret in %s is longer than %d bytes", name, maxSecretSize)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return "", fmt.Errorf("the secret in %s is empty", name)
	}
	return value, nil
}

// String returns "***".
func (s Secret) String() string { return redacted }

// GoString returns "***".
func (s Secret) GoString() string { return redacted }

// Format writes "***" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns "***"; encoding/json and its like use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "***".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
