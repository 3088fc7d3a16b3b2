package distil

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstack-artifice/artifice/config"
)

// MaxFile is how long a file may be, in bytes.
const MaxFile = 1 << 20

const (
	maxVisits = 20_000 // of YAML nodes, those behind aliases as often as they are named
	maxMerged = 8      // mappings merged into one another
)

// A node is a YAML node and the file that it is in.
type node struct {
	*yaml.Node
	file string
}

// at is where the node is.
func (n node) at() config.Position {
	if n.Node == nil {
		return config.Position{File: n.file}
	}
	return config.Position{File: n.file, Line: n.Line, Col: n.Column}
}

// is reports whether the node is of a kind, behind aliases.
func (n node) is(kind yaml.Kind) bool { return n.Node != nil && n.Kind == kind }

// null reports whether there is nothing.
func (n node) null() bool { return n.Node == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// A text is a scalar and where it is. The zero text is none.
type text struct {
	value string
	at    config.Position
}

// open parses a file of one document. What it returns has no node where there
// is none.
func (c *converter) open(f File) node {
	at := config.Position{File: f.Name}
	if len(f.Data) > MaxFile {
		c.errs.Add(at, "longer than %d bytes: not a file of Distil's", MaxFile)
		return node{}
	}
	d := yaml.NewDecoder(bytes.NewReader(f.Data))
	var document, second yaml.Node
	switch err := d.Decode(&document); {
	case err == io.EOF:
		c.errs.Add(at, "the file is empty")
		return node{}
	case err != nil:
		c.malformed(f.Name, err)
		return node{}
	}
	if err := d.Decode(&second); err == nil {
		c.errs.Add(node{&second, f.Name}.at(), "a second document; Distil reads one: take the line --- out")
	} else if err != io.EOF {
		c.malformed(f.Name, err)
	}
	if len(document.Content) == 0 {
		return node{}
	}
	return c.resolve(node{document.Content[0], f.Name})
}

// yamlError is how the parser says where a mistake is.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (c *converter) malformed(file string, err error) {
	at, message := config.Position{File: file}, err.Error()
	if m := yamlError.FindStringSubmatch(message); m != nil {
		at.Line, _ = strconv.Atoi(m[1]) // 0 where it does not say
		message = m[2]
	}
	c.errs.Add(at, "not YAML: %s", strings.ReplaceAll(message, "\n", " "))
}

var errVisits = errors.New("its aliases stand for more values than a file of Distil's has; write them out")

// resolve returns what an alias stands for, or the node itself. After too many
// it returns nothing: a few aliases of aliases are billions.
func (c *converter) resolve(n node) node {
	if c.visits++; c.visits > maxVisits {
		if c.visits == maxVisits+1 {
			c.errs.Add(config.Position{File: n.file}, "%w", errVisits)
		}
		return node{}
	}
	if n.Kind == yaml.AliasNode {
		return node{n.Alias, n.file}
	}
	return n
}

// A member is a key of a mapping and its value.
type member struct {
	key   text
	value node
}

// members returns what a mapping has, in its order, and after that what is
// merged into it. what is what the node ought to be, for messages.
func (c *converter) members(n node, what string) []member {
	if n.null() {
		return nil
	}
	if !n.is(yaml.MappingNode) {
		c.errs.Add(n.at(), "%s is %s, not a mapping", what, kindOf(n))
		return nil
	}
	return c.merged(n, nil, 0)
}

func (c *converter) merged(n node, members []member, depth int) []member {
	if depth > maxMerged {
		c.errs.Add(n.at(), "more than %d mappings are merged (<<) into one another", maxMerged)
		return members
	}
	own := map[string]bool{}
	var merges []node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := c.resolve(node{n.Content[i], n.file}), c.resolve(node{n.Content[i+1], n.file})
		switch {
		case !key.is(yaml.ScalarNode):
			if key.Node != nil {
				c.errs.Add(key.at(), "a key is %s, not a text", kindOf(key))
			}
		case key.Tag == "!!merge":
			merges = append(merges, value)
		case own[key.Value]:
			c.errs.Add(key.at(), "%q stands twice in one mapping", key.Value)
		default:
			own[key.Value] = true
			if !has(members, key.Value) {
				members = append(members, member{text{key.Value, key.at()}, value})
			}
		}
	}
	for _, from := range merges {
		list := []node{from}
		if from.is(yaml.SequenceNode) {
			list = c.elements(from)
		}
		for _, one := range list {
			if one.is(yaml.MappingNode) {
				members = c.merged(one, members, depth+1)
			} else if one.Node != nil {
				c.errs.Add(one.at(), "<< is %s, not a mapping", kindOf(one))
			}
		}
	}
	return members
}

func has(members []member, key string) bool {
	for _, m := range members {
		if m.key.value == key {
			return true
		}
	}
	return false
}

// elements returns the elements of a sequence.
func (c *converter) elements(n node) []node {
	var all []node
	for _, element := range n.Content {
		all = append(all, c.resolve(node{element, n.file}))
	}
	return all
}

// text returns a scalar as it is written, none for null.
func (c *converter) text(n node, what string) text {
	if n.null() {
		return text{}
	}
	if !n.is(yaml.ScalarNode) {
		c.errs.Add(n.at(), "%s is %s, not a text", what, kindOf(n))
		return text{}
	}
	return text{n.Value, n.at()}
}

// texts returns the texts of a list, or a text alone. Nulls are left out.
func (c *converter) texts(n node, what string) []text {
	if !n.is(yaml.SequenceNode) {
		if n.null() {
			return nil
		}
		n = node{&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n.Node}}, n.file}
	} else {
		what = "an element of " + what
	}
	var all []text
	for _, element := range c.elements(n) {
		if t := c.text(element, what); t.at.Line > 0 {
			all = append(all, t)
		}
	}
	return all
}

func kindOf(n node) string {
	switch {
	case n.null():
		return "empty"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias of an alias"
	}
	return "a text"
}
