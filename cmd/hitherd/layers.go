package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// resolved is the value of each key and where it came from.
type resolved struct {
	settings []setting
	values   map[string]any    // string, or []string for a list
	sources  map[string]string // such as "HITHER_LISTEN" or "--listen"
}

// layers says where configuration comes from, weakest first: defaults, one YAML
// file, the environment, flags.
type layers struct {
	settings []setting
	file     string // "" for none
	environ  []string
	flags    *pflag.FlagSet
}

// resolve reads all layers. A key that no setting has is an error in each of
// them.
func (l layers) resolve() (resolved, error) {
	r := resolved{settings: l.settings, values: map[string]any{}, sources: map[string]string{}}
	for _, layer := range []func() (map[string]any, func(key string) string, error){
		l.defaults, l.fromFile, l.fromEnvironment, l.fromFlags,
	} {
		values, source, err := layer()
		if err != nil {
			return resolved{}, err
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			s, ok := l.setting(key)
			if !ok {
				return resolved{}, l.unknown(key, source)
			}
			v, err := s.normalise(values[key])
			if err != nil {
				return resolved{}, refused("%s: %w", source(key), err)
			}
			r.values[key], r.sources[key] = v, source(key)
		}
	}
	return r, nil
}

func (l layers) setting(key string) (setting, bool) {
	i := slices.IndexFunc(l.settings, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return l.settings[i], true
}

// normalise brings a value into the one form that the decoder takes.
func (s setting) normalise(value any) (any, error) {
	var items []string
	switch v := value.(type) {
	case string:
		if !s.list {
			if s.values != nil && !slices.Contains(s.values, v) {
				return nil, fmt.Errorf("%q is not one of %s", v, strings.Join(s.values, ", "))
			}
			return v, nil
		}
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		return items, nil
	case []any:
		if !s.list {
			break
		}
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("%v is not a text: put it in quotes", item)
			}
			items = append(items, text)
		}
		return items, nil
	}
	if s.list {
		return nil, errors.New("the value must be a text or a list of texts")
	}
	return nil, errors.New("the value must be a text: put it in quotes")
}

func (l layers) defaults() (map[string]any, func(string) string, error) {
	values := map[string]any{}
	for _, s := range l.settings {
		values[s.key] = s.initial
	}
	k := koanf.New(".")
	err := k.Load(confmap.Provider(values, "."), nil)
	return k.Raw(), func(string) string { return "default" }, err
}

func (l layers) fromFile() (map[string]any, func(string) string, error) {
	if l.file == "" {
		return nil, nil, nil
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(l.file), strictYAML{}); err != nil {
		return nil, nil, refused("reading the configuration file: %w", err)
	}
	return k.Raw(), func(key string) string { return key + " in " + l.file }, nil
}

// ignored are variables that begin like configuration keys and are none: the
// configuration file itself, what tests read, and what a test bed tells the
// programs in it.
func ignored(variable string) bool {
	return slices.Contains([]string{"HITHER_CONFIG", "HITHER_VECTORS"}, variable) ||
		strings.HasPrefix(variable, "HITHER_TEST_") || strings.HasPrefix(variable, "HITHER_TESTBED_")
}

func (l layers) fromEnvironment() (map[string]any, func(string) string, error) {
	variables := map[string]string{} // by key
	source := func(key string) string { return variables[key] }
	var failures []error
	k := koanf.New(".")
	err := k.Load(env.Provider(".", env.Opt{
		Prefix:      environment,
		EnvironFunc: func() []string { return l.environ },
		TransformFunc: func(variable, value string) (string, any) {
			if ignored(variable) || value == "" {
				return "", nil
			}
			key, value, err := l.variable(variable, value)
			if other, set := variables[key]; set && err == nil {
				err = refused("%s and %s are both set: keep one", min(other, variable), max(other, variable))
			}
			failures = append(failures, err)
			variables[key] = variable
			return key, value
		},
	}), nil)
	for _, failure := range append(failures, err) {
		if failure != nil {
			return nil, nil, failure
		}
	}
	return k.Raw(), source, nil
}

// variable turns an environment variable into key and value. That of a secret
// may name a file that holds it.
func (l layers) variable(name, value string) (key, text string, err error) {
	key = strings.ToLower(strings.TrimPrefix(name, environment))
	if name != strings.ToUpper(name) {
		return key, value, l.unknown(key, func(string) string { return name })
	}
	secret, ok := strings.CutSuffix(key, "_file")
	if s, known := l.setting(secret); !ok || !known || !s.secret {
		return key, value, nil
	}
	held, err := os.ReadFile(value) //nolint:gosec // G304: the path is the operator's
	if err != nil {
		return secret, "", refused("%s: %w", name, err)
	}
	return secret, strings.TrimRight(string(held), "\r\n"), nil
}

func (l layers) fromFlags() (map[string]any, func(string) string, error) {
	if l.flags == nil {
		return nil, nil, nil
	}
	k := koanf.New(".")
	err := k.Load(posflag.ProviderWithFlag(l.flags, ".", nil, func(f *pflag.Flag) (string, any) {
		key := strings.ReplaceAll(f.Name, "-", "_")
		if _, ok := l.setting(key); !ok || !f.Changed {
			return "", nil
		}
		return key, f.Value.String()
	}), nil)
	return k.Raw(), func(key string) string { return "--" + flagName(key) }, err
}

// unknown is the refusal of a key that no setting has. It names the nearest one
// that exists.
func (l layers) unknown(key string, source func(string) string) error {
	nearest, best := "", len(key)/2+1
	for _, s := range l.settings {
		if d := distance(strings.ReplaceAll(strings.ToLower(key), "-", "_"), s.key); d < best {
			nearest, best = s.key, d
		}
	}
	if nearest == "" {
		return refused("%s is not a configuration key", source(key)).Hint("hitherd config print shows all keys")
	}
	if variable := source(key); strings.HasPrefix(variable, environment) {
		nearest = environment + strings.ToUpper(nearest)
	}
	return refused("%s is not a configuration key: did you mean %s?", source(key), nearest)
}

// distance is how many characters must be added, removed or replaced to make
// one text of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// strictYAML is a koanf.Parser that takes one document with string keys. The
// YAML package refuses duplicate keys by itself.
type strictYAML struct{}

func (strictYAML) Unmarshal(b []byte) (map[string]any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	values := map[string]any{}
	if err := decoder.Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(strings.Join(strings.Fields(err.Error()), " ")) // the package reports on several lines
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds more than one YAML document")
	}
	return values, nil
}

// Marshal is there for the interface alone.
func (strictYAML) Marshal(values map[string]any) ([]byte, error) { return yaml.Marshal(values) }
