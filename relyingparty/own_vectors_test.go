package relyingparty_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "make the vectors in testdata/vectors again")
	flag.Parse()
	os.Exit(m.Run())
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// The project's own vectors: made by webauthntest, judged by this package and by
// go-webauthn, and kept as files, so that everybody who clones the project runs
// the classes of the published ones. See testdata/vectors/README.md.
func TestVectorsOwn(t *testing.T) {
	t.Parallel()
	if updating() {
		writeOwnVectors(t)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	verdicts, agreed := map[string]int{}, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := parseVector(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(text), string(v.format())); diff != "" {
			t.Errorf("%s is not written as this test writes it:\n%s", name, diff)
		}
		ours, theirs := v.judge(t)
		if got := verdict(ours); got != v.verdict {
			t.Errorf("%s: %s, want %s (error: %v)", name, got, v.verdict, ours)
		}
		if v.policy != relyingparty.StatementIgnore { // a policy that the library does not have
			if got := word(theirs == nil, accepted, "refused"); got != v.library {
				t.Errorf("%s: the library: %s, want %s (error: %v)", name, got, v.library, theirs)
			}
			agreed++
		}
		verdicts[v.verdict]++
	}
	if len(files) < 40 {
		t.Errorf("%d vectors are there, want 40 or more", len(files))
	}
	t.Logf("own: %d of %d vectors as expected, %d of them also by go-webauthn: %v", len(files), len(files), agreed, verdicts)
}

func word(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// judge lets both implementations judge a vector.
func (v vector) judge(t *testing.T) (ours, theirs error) {
	t.Helper()
	s := newScene(t, func(c *relyingparty.Config) {
		c.Algorithms = allAlgorithms()
		c.Attestation.Statement = v.policy
		if v.root != nil {
			c.Attestation.Roots = [][]byte{v.root}
		}
	}, nil)
	o := newOracle(t)
	spec := relyingparty.CeremonySpec{
		Challenge: v.challenge, UserHandle: v.userHandle, Algorithms: allAlgorithms(), UserVerification: true, Identified: v.identified,
	}
	if v.verb == "registration" {
		_, ours = s.finishRegistration(spec.Registration(), v.body)
		options := webauthn.CreationOptions{Challenge: v.challenge, User: webauthn.UserEntity{ID: v.userHandle}}
		options.AuthenticatorSelection.UserVerification = webauthn.UserVerificationRequired
		for _, a := range allAlgorithms() {
			options.Parameters = append(options.Parameters, webauthn.CredentialParameter{Type: "public-key", Algorithm: a})
		}
		_, theirs = o.register(options, v.body)
		return ours, theirs
	}
	options := webauthn.RequestOptions{Challenge: v.challenge, RPID: testID, UserVerification: webauthn.UserVerificationRequired}
	if v.identified {
		spec.Allow = [][]byte{v.record.ID}
		options.AllowCredentials = []webauthn.CredentialDescriptor{{Type: "public-key", ID: v.record.ID}}
	}
	_, ours = s.finishAuthentication(spec.Authentication(), v.body, v.record)
	_, theirs = o.authenticate(options, v.userHandle, v.body, v.record)
	return ours, theirs
}

// The format is strict: what a reader does not know, it must not skip.
func TestParseVectorRefuses(t *testing.T) {
	t.Parallel()
	good := vector{verb: "registration", policy: "verify", challenge: []byte{1}, userHandle: []byte{2}, verdict: accepted, library: accepted, body: []byte("{}")}
	text := string(good.format())
	if _, err := parseVector([]byte(text)); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for name, bad := range map[string]string{
		"unknown_key":    "colour: blue\n" + text,
		"key_twice":      "verb: registration\n" + text,
		"missing_key":    strings.Replace(text, "verdict: accepted\n", "", 1),
		"no_body":        text[:strings.Index(text, "\n\n")+2],
		"no_colon":       "verb\n" + text,
		"stray_bits":     strings.Replace(text, "challenge: AQ\n", "challenge: AR\n", 1),
		"unknown_verb":   strings.Replace(text, "verb: registration", "verb: greeting", 1),
		"unknown_word":   strings.Replace(text, "library: accepted", "library: maybe", 1),
		"unknown_policy": strings.Replace(text, "policy: verify", "policy: maybe", 1),
	} {
		if v, err := parseVector([]byte(bad)); err == nil || v.verb != "" {
			t.Errorf("%s: accepted", name)
		}
	}
}
