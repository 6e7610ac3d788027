package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:generate sh -c "go run . config reference > ../../docs/configuration.md"

// print writes each key with its value and where that came from, as YAML.
func (r resolved) print(w io.Writer) error {
	var lines [][2]string
	width := 0
	for _, s := range r.settings {
		value := s.key + ": "
		switch v := r.values[s.key].(type) {
		case []string:
			quoted := make([]string, len(v))
			for i, item := range v {
				quoted[i] = strconv.Quote(item)
			}
			value += "[" + strings.Join(quoted, ", ") + "]"
		case string:
			if s.secret && v != "" {
				v = "[redacted]"
			}
			value += strconv.Quote(v)
		}
		lines = append(lines, [2]string{value, r.sources[s.key]})
		width = max(width, len(value))
	}
	var b bytes.Buffer
	for _, line := range lines {
		fmt.Fprintf(&b, "%-*s  # %s\n", width, line[0], line[1])
	}
	_, err := w.Write(b.Bytes())
	return err
}

const referenceHead = `<!-- Made by go generate ./cmd/hitherd from cmd/hitherd/settings.go. Do not edit. -->

# Configuration

` + "`hitherd serve`" + ` works without any configuration. Each key below can be given in four ways; the first that is there counts:

1. a flag: ` + "`--public-url https://id.example`" + `
2. an environment variable: ` + "`HITHER_PUBLIC_URL=https://id.example`" + ` (an empty one counts as not set; lists are separated by commas)
3. one YAML file, named by ` + "`--config`" + ` or ` + "`HITHER_CONFIG`" + `: ` + "`public_url: https://id.example`" + `
4. the default

A key that does not exist is refused wherever it stands, and so is a variable that begins with ` + "`HITHER_`" + ` and is no key
(except ` + "`HITHER_CONFIG`, `HITHER_VECTORS`, `HITHER_TEST_…` and `HITHER_TESTBED_…`" + `).
` + "`hitherd config check`" + ` judges a configuration without starting anything; ` + "`hitherd config print`" + ` shows each value and where it came from.

| key | default | allowed | meaning |
| --- | --- | --- | --- |
`

// writeReference writes docs/configuration.md.
func writeReference(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(referenceHead)
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	for _, s := range settings() {
		allowed := make([]string, len(s.values))
		for i, v := range s.values {
			allowed[i] = code(v)
		}
		if s.list {
			allowed = append(allowed, "list")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(s.key), code(s.initial), strings.Join(allowed, ", "), s.doc)
	}
	_, err := w.Write(b.Bytes())
	return err
}
