package relyingparty_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// vectorMaker makes the vectors from one seed. RSA keys are new each time, so
// theirs change with each update; the others do not.
type vectorMaker struct {
	t         *testing.T
	ca        *webauthntest.CA
	key       *rsa.PrivateKey
	scene     *scene
	mutations map[string]mutation
}

func writeOwnVectors(t *testing.T) {
	t.Helper()
	ca, err := webauthntest.NewCA(seeded(10))
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	m := &vectorMaker{t: t, ca: ca, key: key, mutations: map[string]mutation{}}
	m.scene = newScene(t, func(c *relyingparty.Config) { c.Rand, c.Algorithms = seeded(11), allAlgorithms() }, nil)
	for _, mutation := range mutations() {
		m.mutations[mutation.name] = mutation
	}
	old, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	m.writeValid()
	m.writeBroken()
}

func (m *vectorMaker) author(seed uint64, k kind) *webauthntest.Authenticator {
	return webauthntest.New(webauthntest.Config{
		Rand: seeded(seed), CA: m.ca, RSAKey: m.key, Algorithm: k.algorithm, Attestation: k.attestation, AAGUID: webauthn.AAGUID{5}, Counting: true,
	})
}

func algorithmName(a webauthn.Algorithm) string {
	return map[webauthn.Algorithm]string{
		webauthn.ES256: "es256", webauthn.ES384: "es384", webauthn.ES512: "es512", webauthn.EdDSA: "eddsa", webauthn.RS256: "rs256",
	}[a]
}

// writeValid makes one of each algorithm and format that go together.
func (m *vectorMaker) writeValid() {
	for i, k := range kinds() {
		name := string(k.attestation) + "_" + algorithmName(k.algorithm)
		seed := uint64(100 + i)
		m.registration("registration_"+name, "valid", relyingparty.StatementVerify, m.author(seed, k), mutation{})
		if k.attestation == webauthntest.AttestationAndroidKey || k.attestation == webauthntest.AttestationApple {
			m.registration("registration_"+name+"_ignored", "valid; the statement is not judged", relyingparty.StatementIgnore, m.author(seed, k), mutation{})
		}
		if k.attestation == webauthntest.AttestationPacked || k.attestation == webauthntest.AttestationNone && k.algorithm == webauthn.ES256 {
			m.registration("registration_"+name+"_required", "the statement's chain must end at the root", relyingparty.StatementRequire, m.author(seed, k), mutation{})
		}
		if k.attestation == webauthntest.AttestationNone {
			m.authentication("authentication_"+name, "valid", m.author(seed+50, k), mutation{})
		}
	}
}

// writeBroken makes vectors that one thing is wrong with.
func (m *vectorMaker) writeBroken() {
	none, self := kind{webauthn.ES256, webauthntest.AttestationNone}, kind{webauthn.ES256, webauthntest.AttestationSelf}
	packed, tpm := kind{webauthn.ES256, webauthntest.AttestationPacked}, kind{webauthn.ES256, webauthntest.AttestationTPM}
	for i, row := range []struct {
		kind  kind
		names string
	}{
		{none, "type_swapped challenge_other origin_scheme origin_sub_domain origin_default_port cross_origin client_data_duplicate client_data_not_utf8"},
		{none, "user_not_present user_not_verified backed_up_not_eligible rp_id_hash authenticator_data_trailing attested_data_missing credential_id_of_another"},
		{none, "algorithm_not_offered key_curve key_off_curve key_duplicate_label object_indefinite object_trailing format_unknown duplicate_member line_break"},
		{self, "statement_signature statement_algorithm statement_x5c_empty format_compound"},
		{packed, "statement_signature packed_aaguid statement_7_certificates"},
		{tpm, "statement_signature tpm_magic tpm_name tpm_extra_data"},
	} {
		for j, name := range strings.Fields(row.names) {
			m.registration("registration_"+string(row.kind.attestation)+"_"+name, "broken: "+name, relyingparty.StatementVerify,
				m.author(uint64(1000+100*i+j), row.kind), m.mutations[name])
		}
	}
	for i, name := range strings.Fields("type_swapped challenge_other origin_parent_domain origin_default_port cross_origin user_not_present user_not_verified " +
		"backup_eligible rp_id_hash signature_bit signature_truncated user_handle_of_another record_of_another_person record_of_another_credential " +
		"record_key_of_another count_behind attested_data_in_assertion id_is_not_raw_id") {
		m.authentication("authentication_"+name, "broken: "+name, m.author(uint64(2000+i), none), m.mutations[name])
	}
}

func (m *vectorMaker) registration(name, comment string, policy relyingparty.StatementPolicy, author *webauthntest.Authenticator, broken mutation) {
	m.t.Helper()
	options, _ := m.scene.beginRegistration(m.t)
	_, body, err := author.Create(options, testOrigin, func(r *webauthntest.Registration) {
		if broken.common != nil {
			broken.common(&r.Ceremony)
		} else if broken.registration != nil {
			broken.registration(r)
		}
	})
	if err != nil {
		m.t.Fatal(err)
	}
	v := vector{comment: comment, verb: "registration", policy: policy, challenge: options.Challenge, userHandle: testHandle(), body: body}
	if policy == relyingparty.StatementRequire {
		v.root = m.ca.Root()
	}
	m.write(name, v, broken.stricter != "" || policy == relyingparty.StatementRequire)
}

func (m *vectorMaker) authentication(name, comment string, author *webauthntest.Authenticator, broken mutation) {
	m.t.Helper()
	options, ceremony := m.scene.beginRegistration(m.t)
	cred, body, err := author.Create(options, testOrigin)
	if err != nil {
		m.t.Fatal(err)
	}
	registration, err := m.scene.finishRegistration(ceremony, body)
	if err != nil {
		m.t.Fatal(err)
	}
	stored := record(registration)
	if broken.record != nil {
		stored.PublicKey = slices.Clone(stored.PublicKey)
		broken.record(&stored)
	}
	request, _ := m.scene.beginAuthentication(m.t, relyingparty.AuthenticationRequest{})
	if body, err = cred.Get(request, testOrigin, func(g *webauthntest.Authentication) {
		if broken.common != nil {
			broken.common(&g.Ceremony)
		} else if broken.authentication != nil {
			broken.authentication(g)
		}
	}); err != nil {
		m.t.Fatal(err)
	}
	v := vector{comment: comment, verb: "authentication", policy: relyingparty.StatementVerify, challenge: request.Challenge, record: stored, body: body}
	m.write(name, v, broken.stricter != "")
	v.identified, v.userHandle = true, testHandle()
	m.write(name+"_identified", v, broken.stricter != "")
}

// write judges a vector by both implementations and writes it if they agree, or
// if it is one of the places where ours is known to be stricter.
func (m *vectorMaker) write(name string, v vector, stricter bool) {
	m.t.Helper()
	ours, theirs := v.judge(m.t)
	v.verdict = verdict(ours)
	if v.policy != relyingparty.StatementIgnore {
		v.library = word(theirs == nil, accepted, "refused")
		if (ours == nil) != (theirs == nil) && (!stricter || ours == nil) {
			m.t.Errorf("%s: we say %v, the library %v", name, ours, theirs)
			return
		}
	}
	if err := os.WriteFile(filepath.Join("testdata", "vectors", strings.ReplaceAll(name, "-", "_")+".txt"), v.format(), 0o600); err != nil {
		m.t.Fatal(err)
	}
}
