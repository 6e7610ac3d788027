package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// openRow changes one thing between begin and open.
type openRow struct {
	name  string
	clock time.Duration // turned by
	text  func(relyingparty.SealedCeremony) relyingparty.SealedCeremony
	bind  string // "" means the right one
	want  string
}

func openRows() []openRow {
	const notOurs, bound, expired = string(relyingparty.CheckCeremony), string(relyingparty.CheckBinding), string(relyingparty.CheckExpiry)
	text := func(edit func(s string) string) func(relyingparty.SealedCeremony) relyingparty.SealedCeremony {
		return func(s relyingparty.SealedCeremony) relyingparty.SealedCeremony {
			return relyingparty.SealedCeremony(edit(string(s)))
		}
	}
	bit := func(n int) func(relyingparty.SealedCeremony) relyingparty.SealedCeremony {
		return text(func(s string) string {
			raw, err := base64.RawURLEncoding.DecodeString(s)
			if err != nil {
				return ""
			}
			return base64.RawURLEncoding.EncodeToString(flip(raw, n))
		})
	}
	return []openRow{
		{name: "valid", want: accepted},
		{name: "last_moment", clock: relyingparty.DefaultTimeout - time.Nanosecond, want: accepted},
		{name: "expired_at_the_moment", clock: relyingparty.DefaultTimeout, want: expired},
		{name: "expired_long_ago", clock: 24 * time.Hour, want: expired},
		{name: "clock_behind_by_a_minute", clock: -time.Minute, want: accepted},
		{name: "clock_behind_by_more", clock: -time.Minute - time.Nanosecond, want: expired},
		{name: "other_browser", bind: "other", want: bound},
		{name: "no_browser", bind: "none", want: bound},
		{name: "other_browser_and_expired", bind: "other", clock: 24 * time.Hour, want: bound},
		{name: "empty", text: text(func(string) string { return "" }), want: notOurs},
		{name: "garbage", text: text(func(string) string { return "garbage" }), want: notOurs},
		{name: "padded", text: text(func(s string) string { return s + "=" }), want: notOurs},
		{name: "trailing_newline", text: text(func(s string) string { return s + "\n" }), want: notOurs},
		{name: "truncated", text: text(func(s string) string { return s[:len(s)-4] }), want: notOurs},
		{name: "longer", text: text(func(s string) string { return s + "AAAA" }), want: notOurs},
		{name: "huge", text: text(func(string) string { return strings.Repeat("A", 1<<20) }), want: notOurs},
		{name: "other_key_id", text: bit(0), want: notOurs},
		{name: "other_nonce", text: bit(8*8 + 5), want: notOurs},
		{name: "other_content", text: bit(40 * 8), want: notOurs},
	}
}

func TestOpenRegistration(t *testing.T) {
	t.Parallel()
	for _, row := range openRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, nil, nil)
			_, sealed, err := s.rp.BeginRegistration(registrationRequest())
			if err != nil {
				t.Fatal(err)
			}
			ceremony, err := s.rp.OpenRegistration(row.apply(s, sealed))
			requireOpen(t, ceremony.ID, err, row.want)
		})
	}
}

func TestOpenAuthentication(t *testing.T) {
	t.Parallel()
	for _, row := range openRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, nil, nil)
			_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{Binding: relyingparty.Binding("browser")})
			if err != nil {
				t.Fatal(err)
			}
			ceremony, err := s.rp.OpenAuthentication(row.apply(s, sealed))
			requireOpen(t, ceremony.ID, err, row.want)
		})
	}
}

func (row openRow) apply(s *scene, sealed relyingparty.SealedCeremony) (relyingparty.SealedCeremony, relyingparty.Binding) {
	s.clock.now = s.clock.now.Add(row.clock)
	if row.text != nil {
		sealed = row.text(sealed)
	}
	switch row.bind {
	case "":
		return sealed, relyingparty.Binding("browser")
	case "none":
		return sealed, nil
	}
	return sealed, relyingparty.Binding(row.bind)
}

func requireOpen(t *testing.T, id relyingparty.CeremonyID, err error, want string) {
	t.Helper()
	if got := verdict(err); got != want {
		t.Fatalf("verdict %s, want %s (error: %v)", got, want, err)
	}
	if (id == relyingparty.CeremonyID{}) != (err != nil) {
		t.Errorf("id %v beside error %v", id, err)
	}
}

// A ceremony opens for its own verb, RP ID and keys alone.
func TestOpenElsewhere(t *testing.T) {
	t.Parallel()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	here := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	there := newScene(t, func(c *relyingparty.Config) { c.ID, c.Keyring = "example.test", keyring }, nil)
	stranger := newScene(t, nil, nil)
	_, registration, err := here.rp.BeginRegistration(relyingparty.RegistrationRequest{User: webauthn.UserEntity{ID: testHandle()}})
	if err != nil {
		t.Fatal(err)
	}
	_, authentication, err := here.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"registration_as_authentication": func() error { _, err := here.rp.OpenAuthentication(registration, nil); return err },
		"authentication_as_registration": func() error { _, err := here.rp.OpenRegistration(authentication, nil); return err },
		"other_rp_id":                    func() error { _, err := there.rp.OpenRegistration(registration, nil); return err },
		"other_keys":                     func() error { _, err := stranger.rp.OpenRegistration(registration, nil); return err },
	} {
		if got := verdict(open()); got != string(relyingparty.CheckCeremony) {
			t.Errorf("%s: verdict %s", name, got)
		}
	}
	if _, err := here.rp.OpenRegistration(registration, nil); err != nil {
		t.Errorf("at home: %v", err)
	}
}

func TestCeremonyRoundTrip(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string, least, most int) []byte {
			return rapid.SliceOfN(rapid.Byte(), least, most).Draw(t, name)
		}
		request := relyingparty.AuthenticationRequest{
			Identified: rapid.Bool().Draw(t, "identified"),
			Binding:    some("binding", 0, 100),
			Attachment: some("attachment", 0, relyingparty.MaxAttachment),
		}
		if request.Identified {
			request.UserHandle = some("handle", 0, 64)
			for range rapid.IntRange(1, relyingparty.MaxAllow).Draw(t, "allow") {
				request.Allow = append(request.Allow, webauthn.CredentialDescriptor{ID: some("id", 1, 1023)})
			}
		}
		options, sealed, err := s.rp.BeginAuthentication(request)
		if err != nil {
			t.Fatal(err)
		}
		if len(options.Challenge) != 32 || len(options.AllowCredentials) != len(request.Allow) {
			t.Fatalf("options %+v", options)
		}
		got, err := s.rp.OpenAuthentication(sealed, request.Binding)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > 8192 || got.Identified != request.Identified ||
			!bytes.Equal(got.UserHandle, request.UserHandle) || !bytes.Equal(got.Attachment, request.Attachment) ||
			!got.IssuedAt.Equal(s.clock.now) || !got.ExpiresAt.Equal(s.clock.now.Add(relyingparty.DefaultTimeout)) {
			t.Fatalf("opened as %v with %d characters", got, len(sealed))
		}
	})
}

func TestBeginRefusesWrongRequests(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	one := []webauthn.CredentialDescriptor{{ID: webauthn.Bytes{1}}}
	long := make([]byte, relyingparty.MaxAttachment+1)
	for name, r := range map[string]relyingparty.AuthenticationRequest{
		"identified_without_credentials": {Identified: true, UserHandle: testHandle()},
		"too_many_credentials":           {Identified: true, Allow: make([]webauthn.CredentialDescriptor, relyingparty.MaxAllow+1)},
		"discoverable_with_credentials":  {Allow: one},
		"discoverable_with_user_handle":  {UserHandle: testHandle()},
		"long_user_handle":               {Identified: true, Allow: one, UserHandle: make([]byte, 65)},
		"long_attachment":                {Attachment: long},
	} {
		options, sealed, err := s.rp.BeginAuthentication(r)
		if err == nil || sealed != "" || !cmp.Equal(options, webauthn.RequestOptions{}) {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, r := range map[string]relyingparty.RegistrationRequest{
		"no_user_handle":   {},
		"long_user_handle": {User: webauthn.UserEntity{ID: make([]byte, 65)}},
		"long_attachment":  {User: webauthn.UserEntity{ID: testHandle()}, Attachment: long},
	} {
		options, sealed, err := s.rp.BeginRegistration(r)
		if err == nil || sealed != "" || !cmp.Equal(options, webauthn.CreationOptions{}) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// REG-53: no challenge and no ceremony id comes twice.
func TestCeremoniesAreFresh(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	seen := map[string]bool{}
	for range 10_000 {
		options, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
		if err != nil {
			t.Fatal(err)
		}
		ceremony, err := s.rp.OpenAuthentication(sealed, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{string(options.Challenge), string(ceremony.ID[:]), string(sealed)} {
			if seen[v] {
				t.Fatalf("%x came twice", v)
			}
			seen[v] = true
		}
	}
}

// decimal is how %v prints bytes.
func decimal(b []byte) string { return strings.Trim(fmt.Sprintf("%d", b), "[]") }

// A ceremony prints as its id: neither challenge nor attachment gets into a log.
func TestCeremonyDoesNotPrint(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	options, ceremony := s.beginRegistration(t)
	_, authentication := s.beginAuthentication(t, relyingparty.AuthenticationRequest{Attachment: []byte("memory")})
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "registration", ceremony, "authentication", authentication)
	text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v", ceremony, ceremony, ceremony, ceremony, authentication, authentication, authentication) + log.String()
	for _, secret := range []string{options.Challenge.String(), decimal(options.Challenge)[:20], "memory", decimal([]byte("memory"))} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
	if !strings.Contains(text, "registration "+ceremony.ID.String()) {
		t.Errorf("no id in %q", text)
	}
}
