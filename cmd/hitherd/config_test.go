package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/webauthn"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDefaultsDecode also proves that every setting has a field and every field
// a setting: the decoder refuses one without the other.
func TestDefaultsDecode(t *testing.T) {
	t.Parallel()
	r, err := layers{settings: settings()}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.decode()
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.Signup != "closed" || time.Duration(c.SessionIdle) != 7*24*time.Hour || time.Duration(c.PhoneWait) != 30*time.Second {
		t.Errorf("got %+v", c)
	}
	delete(r.values, "name")
	if _, err := r.decode(); err == nil {
		t.Error("a missing value was accepted")
	}
	r.values["name"], r.values["colour"] = "Hither", "blue"
	if _, err := r.decode(); err == nil {
		t.Error("a value without a field was accepted")
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	addConfigFlags(flags)
	if err := flags.Parse([]string{"--name", "Flag", "--trusted-proxies=::ffff:192.0.2.1, 10.0.0.0/8"}); err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "hither.yaml", `
name: File
signup: open
rate_limits: off
log_level: debug
algorithms: [ES256, EdDSA]
attestation_aaguids:
  - 08987058-cadc-4b81-b6e1-30de50dcbe96
`)
	r, err := layers{
		settings: settings(), file: path, flags: flags,
		environ: []string{"HITHER_NAME=Environment", "HITHER_LOG_LEVEL=warn", "HITHER_SESSION_IDLE=90m", "HITHER_LISTEN=", "HITHER_CONFIG=x", "HITHER_TEST_X=1", "HITHER_TESTBED_URL=x", "HITHER_PHONE_WAIT=2.5s", "HOME=/"},
	}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.decode()
	if err != nil {
		t.Fatal(err)
	}
	aaguid, err := webauthn.ParseAAGUID("08987058-cadc-4b81-b6e1-30de50dcbe96")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]any{
		"name":                {"--name", c.Name == "Flag"},
		"trusted_proxies":     {"--trusted-proxies", len(c.TrustedProxies) == 2 && netip.Prefix(c.TrustedProxies[0]) == netip.MustParsePrefix("192.0.2.1/32")},
		"log_level":           {"HITHER_LOG_LEVEL", c.LogLevel.String() == "WARN"},
		"session_idle":        {"HITHER_SESSION_IDLE", time.Duration(c.SessionIdle) == 90*time.Minute},
		"phone_wait":          {"HITHER_PHONE_WAIT", time.Duration(c.PhoneWait) == 2500*time.Millisecond},
		"signup":              {"signup in " + path, c.Signup == "open"},
		"rate_limits":         {"rate_limits in " + path, c.RateLimits == "off"},
		"algorithms":          {"algorithms in " + path, cmp.Equal(c.Algorithms, []algorithm{algorithm(webauthn.ES256), algorithm(webauthn.EdDSA)})},
		"attestation_aaguids": {"attestation_aaguids in " + path, cmp.Equal(c.AttestationAAGUIDs, []webauthn.AAGUID{aaguid})},
		"listen":              {"default", c.Listen == "127.0.0.1:8080"},
	}
	for key, w := range want {
		if r.sources[key] != w[0] || w[1] != true {
			t.Errorf("%s: source %q, want %q; value %v, right: %v", key, r.sources[key], w[0], r.values[key], w[1])
		}
	}
}

func TestConfigurationRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		environ, flags []string
		yaml           string
		want           string
	}{
		"unknown_variable":      {environ: []string{"HITHER_SIGN_UP=open"}, want: "HITHER_SIGN_UP is not a configuration key: did you mean HITHER_SIGNUP?"},
		"unknown_small_letters": {environ: []string{"HITHER_listen=:1"}, want: "HITHER_listen is not a configuration key: did you mean HITHER_LISTEN?"},
		"unknown_in_file":       {yaml: "public-url: https://id.example", want: `did you mean public_url?`},
		"far_from_everything":   {yaml: "database_connections: \"4\"", want: "database_connections in "},
		"nested_in_file":        {yaml: "attestation: {policy: verify}", want: "the value must be a text"},
		"number_in_file":        {yaml: "listen: 8080", want: "put it in quotes"},
		"nothing_in_file":       {yaml: "listen:", want: "put it in quotes"},
		"list_for_a_text":       {yaml: "listen: [a]", want: "put it in quotes"},
		"number_in_list":        {yaml: "algorithms: [1]", want: "put it in quotes"},
		"duplicate_in_file":     {yaml: "name: a\nname: b", want: "already defined"},
		"two_documents":         {yaml: "name: a\n---\nname: b", want: "more than one YAML document"},
		"list_as_file":          {yaml: "- a", want: "cannot unmarshal"},
		"value":                 {environ: []string{"HITHER_SIGNUP=maybe"}, want: `HITHER_SIGNUP: "maybe" is not one of closed, open`},
		"boolean_for_a_value":   {yaml: "rate_limits: false", want: "put it in quotes"},
		"proxy":                 {flags: []string{"--trusted-proxies=10.0.0.0/33"}, want: `--trusted-proxies: "10.0.0.0/33" is neither an address`},
		"proxy_with_bits":       {flags: []string{"--trusted-proxies=10.0.0.1/8"}, want: `did you mean 10.0.0.0/8?`},
		"proxy_in_disguise":     {flags: []string{"--trusted-proxies=::ffff:10.0.0.0/104"}, want: `write it as IPv4`},
		"aaguid":                {environ: []string{"HITHER_ATTESTATION_AAGUIDS=08987058"}, want: "HITHER_ATTESTATION_AAGUIDS: "},
		"algorithm":             {environ: []string{"HITHER_ALGORITHMS=ES256,RS1"}, want: `HITHER_ALGORITHMS: "RS1" is not one of`},
		"no_algorithm":          {environ: []string{"HITHER_ALGORITHMS=,"}, want: "no algorithm is left"},
		"duration":              {environ: []string{"HITHER_SESSION_IDLE=3600"}, want: `"3600" is not a time`},
		"negative_duration":     {environ: []string{"HITHER_SESSION_IDLE=-1h"}, want: `"-1h" is not a time`},
		"long_idle":             {environ: []string{"HITHER_SESSION_IDLE=31d"}, want: "longer than session_lifetime"},
		"short_phone_wait":      {environ: []string{"HITHER_PHONE_WAIT=999ms"}, want: "HITHER_PHONE_WAIT: 999ms is not between 1s and 5m0s"},
		"long_phone_wait":       {yaml: "phone_wait: 301s", want: ": 5m1s is not between 1s and 5m0s"},
		"half_a_certificate":    {environ: []string{"HITHER_TLS_CERT_FILE=a.pem"}, want: "belong together"},
		"no_name":               {environ: []string{"HITHER_NAME= "}, want: "must have 1 to 64"},
		"no_file":               {yaml: "-", want: "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := layers{settings: settings(), environ: row.environ, flags: pflag.NewFlagSet("", pflag.ContinueOnError)}
			addConfigFlags(l.flags)
			if err := l.flags.Parse(row.flags); err != nil {
				t.Fatal(err)
			}
			switch row.yaml {
			case "":
			case "-":
				l.file = filepath.Join(t.TempDir(), "hither.yaml")
			default:
				l.file = writeFile(t, "hither.yaml", row.yaml)
			}
			r, err := l.resolve()
			if err == nil {
				_, err = r.decode()
			}
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, row.want)
			}
			if code := cli.Report(new(strings.Builder), "hitherd", err); code != cli.ExitRefused {
				t.Errorf("exit code %d, want %d", code, cli.ExitRefused)
			}
		})
	}
}

// TestSecret uses a table of its own, because no setting is a secret yet.
func TestSecret(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "password", "hunter2\n")
	l := layers{settings: []setting{{key: "password", secret: true}, {key: "name"}}}
	for _, environ := range [][]string{{"HITHER_PASSWORD=hunter2"}, {"HITHER_PASSWORD_FILE=" + path}} {
		l.environ = environ
		r, err := l.resolve()
		if err != nil {
			t.Fatal(err)
		}
		if r.values["password"] != "hunter2" {
			t.Errorf("%v: got %q", environ, r.values["password"])
		}
		var b strings.Builder
		if err := r.print(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "password: \"[redacted]\"") {
			t.Errorf("printed %s", b.String())
		}
	}
	l.environ = []string{"HITHER_PASSWORD=hunter2", "HITHER_PASSWORD_FILE=" + path}
	if _, err := l.resolve(); err == nil || !strings.Contains(err.Error(), "HITHER_PASSWORD and HITHER_PASSWORD_FILE are both set") {
		t.Errorf("got %v", err)
	}
	l.environ = []string{"HITHER_NAME_FILE=" + path}
	if _, err := l.resolve(); err == nil {
		t.Error("…_FILE was accepted for a key that is no secret")
	}
}

// TestReferenceIsFresh compares docs/configuration.md with what go generate
// writes.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	got, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if err := writeReference(&want); err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("docs/configuration.md is stale: go generate ./cmd/hitherd (-file +generated):\n%s", cmp.Diff(string(got), want.String()))
	}
}
