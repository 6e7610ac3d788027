package main

import (
	"strings"

	"github.com/spf13/pflag"
)

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

// addConfigFlags adds a flag for each setting that is no secret, and one for
// the configuration file.
func addConfigFlags(flags *pflag.FlagSet) {
	flags.String("config", "", "configuration file (YAML)")
	for _, s := range settings() {
		if s.secret {
			continue
		}
		description, _, _ := strings.Cut(strings.ReplaceAll(s.doc, "`", ""), ". ")
		description = strings.TrimSuffix(description, ".")
		if s.values != nil && !strings.Contains(description, s.values[0]) {
			description += " (" + strings.Join(s.values, ", ") + ")"
		}
		flags.String(flagName(s.key), s.initial, description)
	}
}
