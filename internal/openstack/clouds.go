package openstack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"go.yaml.in/yaml/v3"
)

const maxCloudsFile = 1 << 20 // bytes

// fromClouds is the login of a clouds.yaml's entry.
func (c Config) fromClouds(name string, getenv func(string) string, region, face string) (*login, error) {
	file, text, err := findClouds(string(c.CloudsFile), getenv)
	if err != nil {
		return nil, fmt.Errorf("cloud %q: %w", name, err)
	}
	secure, err := readBounded(filepath.Join(filepath.Dir(file), "secure.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cloud %q: %w", name, err)
	}
	l, err := c.fromEntry(name, text, secure, region, face)
	if err != nil {
		return nil, fmt.Errorf("cloud %q in %s: %w", name, file, err)
	}
	l.cloud, l.remedy = "cloud "+name, file
	return l, nil
}

// fromEntry is the login of an entry in the text of a clouds.yaml, and of the
// same in that of a secure.yaml.
func (c Config) fromEntry(name string, text, secure []byte, region, face string) (*login, error) {
	if err := checkEntry(name, text, secure); err != nil {
		return nil, err
	}
	if hidden, _ := entriesOf(secure); len(hidden) == 0 {
		secure = []byte("{}") // an empty one would be an error
	}
	auth, endpoints, tlsConfig, err := parse(append(c.options(region, face),
		clouds.WithCloudName(name),
		clouds.WithCloudsYAML(bytes.NewReader(text)),
		clouds.WithSecureYAML(bytes.NewReader(secure)))...)
	if err != nil {
		return nil, err
	}
	l := &login{remedy: "clouds.yaml", auth: func() (gophercloud.AuthOptions, error) { return auth, nil }}
	return l.complete(auth.IdentityEndpoint, endpoints, tlsConfig)
}

// findClouds finds and reads the clouds.yaml.
func findClouds(file string, getenv func(string) string) (string, []byte, error) {
	var places []string
	if file == "" {
		file = getenv("OS_CLIENT_CONFIG_FILE")
	}
	if file != "" {
		places = []string{file}
	} else {
		dirs := []string{".", filepath.Join("/etc", "openstack")}
		if user := getenv("XDG_CONFIG_HOME"); user != "" {
			dirs = slices.Insert(dirs, 1, filepath.Join(user, "openstack"))
		} else if home := getenv("HOME"); home != "" {
			dirs = slices.Insert(dirs, 1, filepath.Join(home, ".config", "openstack"))
		}
		for _, dir := range dirs {
			for _, ending := range []string{"yaml", "yml", "json"} {
				places = append(places, filepath.Join(dir, "clouds."+ending))
			}
		}
	}
	for _, place := range places {
		text, err := readBounded(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return place, text, err
	}
	return "", nil, fmt.Errorf("there is no clouds.yaml; looked for %s (set clouds_file)", strings.Join(places, ", "))
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCloudsFile+1))
	if err == nil && len(text) > maxCloudsFile {
		err = fmt.Errorf("%s is larger than %d bytes", file, maxCloudsFile)
	}
	return text, err
}

// checkEntry reports why there is no such entry. Decoders say what they stumbled
// over, and gophercloud's panics where an entry has no auth, so both files are
// looked at first, as far as these need it.
func checkEntry(name string, text, secure []byte) error {
	entries, err := entriesOf(text)
	if err != nil {
		return err
	}
	hidden, err := entriesOf(secure)
	if err != nil {
		return fmt.Errorf("secure.yaml beside it: %w", err)
	}
	entry, ok := entries[name]
	if !ok {
		if len(entries) == 0 {
			return errors.New("it has no clouds")
		}
		return fmt.Errorf("it has no such cloud; it has %s", strings.Join(slices.Sorted(maps.Keys(entries)), ", "))
	}
	if !hasAuth(entry) && !hasAuth(hidden[name]) {
		return errors.New("the cloud has no auth")
	}
	return nil
}

// yamlLine is where a decoder stumbled; the rest of its message may quote.
var yamlLine = regexp.MustCompile(`line (\d+)`)

// entriesOf reads the entries in the text of a clouds.yaml.
func entriesOf(text []byte) (map[string]*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("it is not YAML (%s)", yamlLine.FindString(err.Error()))
	}
	entries := map[string]*yaml.Node{}
	if len(document.Content) == 0 {
		return entries, nil
	}
	list := member(document.Content[0], "clouds")
	if list == nil {
		return entries, nil
	}
	for i := 0; i+1 < len(list.Content) && list.Kind == yaml.MappingNode; i += 2 {
		entries[list.Content[i].Value] = list.Content[i+1]
	}
	return entries, nil
}

// hasAuth reports whether an entry has a mapping auth, which is how logins are
// written.
func hasAuth(entry *yaml.Node) bool {
	auth := member(entry, "auth")
	return auth != nil && auth.Kind == yaml.MappingNode
}

// member returns a mapping's value of a key, or nil. What an alias stands for,
// and what << merges, is looked into.
func member(node *yaml.Node, key string) *yaml.Node {
	node = resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var merged *yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		switch name, value := node.Content[i], node.Content[i+1]; {
		case name.Value == key:
			return resolve(value)
		case name.Tag == "!!merge":
			merged = resolve(value)
		}
	}
	if merged == nil || merged == node || merged.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(merged.Content); i += 2 {
		if merged.Content[i].Value == key {
			return resolve(merged.Content[i+1])
		}
	}
	return nil
}

func resolve(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
