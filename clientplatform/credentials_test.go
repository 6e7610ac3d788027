package clientplatform_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// strangers are credentials of nobody.
func strangers(n int) (list []webauthn.CredentialDescriptor) {
	for i := range n {
		list = append(list, webauthn.CredentialDescriptor{Type: "public-key", ID: fmt.Appendf(nil, "stranger %03d", i)})
	}
	return list
}

func TestAllowList(t *testing.T) {
	t.Parallel()
	own := webauthn.CredentialDescriptor{} // stands for the phone's
	for _, row := range []struct {
		name           string
		list           []webauthn.CredentialDescriptor
		maxList, maxID uint64
		want           []webauthn.CredentialDescriptor // nil: refused
		silent         int                             // requests without a user
		fails          clientplatform.Name
	}{
		{name: "one", list: []webauthn.CredentialDescriptor{own}, want: []webauthn.CredentialDescriptor{own}},
		{name: "twice", list: []webauthn.CredentialDescriptor{own, own}, want: []webauthn.CredentialDescriptor{own}},
		{name: "many_at_once", list: append(strangers(200), own), want: append(strangers(200), own)},
		{name: "in_parts", list: append(strangers(7), own), maxList: 3, want: []webauthn.CredentialDescriptor{own}, silent: 3},
		{name: "in_parts_of_one", list: append(strangers(2), own), maxList: 1, want: []webauthn.CredentialDescriptor{own}, silent: 3},
		{name: "exactly_the_limit", list: append(strangers(2), own), maxList: 3, want: append(strangers(2), own)},
		{name: "limit_of_64_bits", list: append(strangers(2), own), maxList: 1 << 63, maxID: 1<<64 - 1, want: append(strangers(2), own)},
		{name: "too_long_ids", list: append([]webauthn.CredentialDescriptor{{Type: "public-key", ID: make([]byte, 33)}}, own), maxID: 32, want: []webauthn.CredentialDescriptor{own}},
		{name: "unknown_types", list: append([]webauthn.CredentialDescriptor{{Type: "of-the-future", ID: []byte{1}}}, own), want: []webauthn.CredentialDescriptor{own}},
		{name: "unknown_types_alone", list: []webauthn.CredentialDescriptor{{Type: "of-the-future", ID: []byte{1}}}, fails: clientplatform.NotSupportedError},
		{name: "all_too_long", list: []webauthn.CredentialDescriptor{own}, maxID: 4, fails: clientplatform.NotAllowedError},
		{name: "none_there", list: strangers(1), want: strangers(1), fails: clientplatform.NotAllowedError},
		{name: "none_there_in_parts", list: strangers(5), maxList: 2, silent: 3, fails: clientplatform.NotAllowedError},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, id := enrolled(t)
			p.info.MaxCredentialCountInList, p.info.MaxCredentialIDLength = row.maxList, row.maxID
			fill := func(list []webauthn.CredentialDescriptor) (out []webauthn.CredentialDescriptor) {
				for _, d := range list {
					if d.ID == nil {
						d = id
					}
					out = append(out, d)
				}
				return out
			}
			o := request()
			o.AllowCredentials = fill(row.list)
			for i := range o.AllowCredentials { // the authenticator does not hear of them
				o.AllowCredentials[i].Transports = []webauthn.Transport{webauthn.TransportUSB}
			}
			answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
			if row.fails == "" && err != nil {
				t.Fatal(err)
			}
			var cause error
			if row.fails == clientplatform.NotAllowedError {
				cause = ctap2.StatusNoCredentials
			}
			if row.fails != "" {
				failed(t, answer, err, row.fails, cause)
			} else if !bytes.Equal(answer.CredentialID, id.ID) {
				t.Errorf("got credential %s", answer.CredentialID)
			}
			silent := 0
			for _, q := range p.assertions {
				switch up, ok := q.Options["up"]; {
				case len(q.AllowList) == 0:
					t.Error("asked for any credential")
				case ok && !up && q.ClientDataHash == [32]byte{}:
					silent++
				default:
					if diff := cmp.Diff(q.AllowList, fill(row.want)); diff != "" {
						t.Errorf("(-got +want)\n%s", diff)
					}
				}
			}
			if silent != row.silent {
				t.Errorf("%d requests without a user, want %d", silent, row.silent)
			}
		})
	}
}

func TestExcludeList(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		list    func(own webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor
		maxList uint64
		want    int // on the list that is sent
		fails   bool
	}{
		{"empty", func(webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor { return nil }, 0, 0, false},
		{"strangers", func(webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor { return strangers(5) }, 0, 5, false},
		{"strangers_in_parts", func(webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor { return strangers(5) }, 2, 0, false},
		{"own", func(own webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor {
			return append(strangers(5), own)
		}, 0, 6, true},
		{"own_in_parts", func(own webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor {
			return append(strangers(5), own)
		}, 2, 1, true},
		{"unknown_types", func(own webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor {
			own.Type = "of-the-future"
			return []webauthn.CredentialDescriptor{own}
		}, 0, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, own := enrolled(t)
			p.info.MaxCredentialCountInList = row.maxList
			o := creation()
			o.ExcludeCredentials = row.list(own)
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			if row.fails {
				failed(t, answer, err, clientplatform.InvalidStateError, ctap2.StatusCredentialExcluded)
			} else if err != nil {
				t.Fatal(err)
			}
			if n := len(p.creations[0].ExcludeList); n != row.want {
				t.Errorf("%d credentials on the list, want %d", n, row.want)
			}
		})
	}
}

// An authenticator without the silent question, and one that lies in it.
func TestHostilePreflight(t *testing.T) {
	t.Parallel()
	p, own := enrolled(t)
	p.info.MaxCredentialCountInList = 1
	p.signed = func(r *ctap2.GetAssertionResponse) { r.Credential.ID = []byte("stranger") }
	o := request()
	o.AllowCredentials = append(strangers(1), own)
	answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
	failed(t, answer, err, clientplatform.UnknownError, nil)
	refusing := &silentless{newPhone(webauthntest.Config{})}
	refusing.info.MaxCredentialCountInList = 1
	answer, err = newClient(t, testOrigin).Get(t.Context(), refusing, o)
	failed(t, answer, err, clientplatform.NotAllowedError, ctap2.StatusUPRequired)
}
