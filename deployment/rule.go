package deployment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// ruleText is what the config says about a meter's volumes, sorted: the keys
// of its section but for those that only name or describe, and the section of
// its transformer.
func (l *loader) ruleText(name string) string {
	section := l.file.Section(meterPrefix + name)
	if section == nil {
		return ""
	}
	text := keyTexts("", section)
	if key := section.Key("transformer"); key != nil {
		if own := l.file.Section("transformer:" + key.Value); own != nil {
			text = append(text, keyTexts("transformer: ", own)...)
		}
	}
	slices.Sort(text)
	return strings.Join(text, "\n")
}

func keyTexts(prefix string, s *config.Section) []string {
	var texts []string
	for _, key := range s.Keys {
		field, _, _ := strings.Cut(key.Name, ".")
		if !slices.Contains([]string{"type", "billed", "begun", "metadata", "template"}, field) {
			texts = append(texts, fmt.Sprintf("%s%s = %s", prefix, key.Name, key.Value))
		}
	}
	return texts
}
