package relyingparty_test

import (
	"crypto/rand"
	"crypto/rsa"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// differentialCeremonies is how many ceremonies each verb is tried with.
const differentialCeremonies = 3000

// kind is an authenticator that the generator uses.
type kind struct {
	algorithm   webauthn.Algorithm
	attestation webauthntest.Attestation
}

func kinds() []kind {
	list := []kind{{webauthn.EdDSA, webauthntest.AttestationSelf}, {webauthn.RS256, webauthntest.AttestationSelf}, {webauthn.ES384, webauthntest.AttestationSelf}, {webauthn.RS256, webauthntest.AttestationTPM}}
	for _, a := range allAlgorithms() {
		list = append(list, kind{a, webauthntest.AttestationNone})
	}
	for _, s := range allAttestations() {
		if s != webauthntest.AttestationNone {
			list = append(list, kind{webauthn.ES256, s})
		}
	}
	return list
}

// differential is one run of the generator: everything comes from one seed.
type differential struct {
	random    *mathrand.Rand
	scene     *scene
	oracle    *oracle
	kinds     []kind
	authors   map[kind]*webauthntest.Authenticator
	mutations []mutation
	same      map[string]int // verdicts on which both agree
	strict    map[string]int // by mutation: refused here, accepted there
}

func newDifferential(t *testing.T, seed uint64) *differential {
	t.Helper()
	source := seeded(seed)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := webauthntest.NewCA(source)
	if err != nil {
		t.Fatal(err)
	}
	d := &differential{
		random: mathrand.New(source),
		scene: newScene(t, func(c *relyingparty.Config) {
			c.Algorithms = allAlgorithms()
			// The library always judges the statement.
			c.Attestation.Statement = relyingparty.StatementVerify
		}, nil),
		oracle:    newOracle(t),
		kinds:     kinds(),
		authors:   map[kind]*webauthntest.Authenticator{},
		mutations: mutations(),
		same:      map[string]int{},
		strict:    map[string]int{},
	}
	// Some rows come out of maps.
	slices.SortFunc(d.mutations, func(a, b mutation) int { return strings.Compare(a.name, b.name) })
	for _, k := range d.kinds {
		d.authors[k] = webauthntest.New(webauthntest.Config{
			Rand: source, CA: ca, RSAKey: key, Algorithm: k.algorithm, Attestation: k.attestation, Counting: true, AAGUID: webauthn.AAGUID{5},
		})
	}
	return d
}

// pairs are all mutations with all authenticators that they suit, shuffled.
func (d *differential) pairs(suits func(m *mutation) bool) []pair {
	var list []pair
	for _, k := range d.kinds {
		for i := range d.mutations {
			if m := &d.mutations[i]; suits(m) && (m.only == nil || m.only(k.algorithm, k.attestation)) {
				list = append(list, pair{k, m})
			}
		}
	}
	d.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// pair is an authenticator and what it does wrong; nil leaves the ceremony valid.
type pair struct {
	kind     kind
	mutation *mutation
}

// pick takes the pairs in turn, and every fourth ceremony stays valid.
func (d *differential) pick(pairs []pair, i int) (kind, *mutation) {
	if i%4 == 0 {
		return d.kinds[d.random.IntN(len(d.kinds))], nil
	}
	p := pairs[(i-i/4)%len(pairs)]
	return p.kind, p.mutation
}

// compare holds the two verdicts against each other.
func (d *differential) compare(t *testing.T, k kind, m *mutation, ours, theirs error) {
	t.Helper()
	name, stricter := "valid", false
	if m != nil {
		name, stricter = m.name, m.stricter != ""
	}
	switch {
	case ours == nil && theirs != nil:
		t.Errorf("looser: %s of %v: the library says %v", name, k, theirs)
	case ours != nil && theirs == nil && !stricter:
		t.Errorf("stricter, and not in the table: %s of %v: we say %v", name, k, ours)
	case ours != nil && theirs == nil:
		d.strict[name]++
	default:
		if got := verdict(ours); got == "error" {
			t.Errorf("%s of %v: %v is neither a refusal nor a parse error", name, k, ours)
		}
		d.same[verdict(ours)]++
	}
}

// report prints the counts and insists that the table is true: each of its rows
// that the verb knows has come up.
func (d *differential) report(t *testing.T, verb string, suits func(m *mutation) bool) {
	t.Helper()
	agreed, refused, stricter := d.same[accepted], 0, 0
	for v, n := range d.same {
		if v != accepted {
			refused += n
		}
	}
	for _, n := range d.strict {
		stricter += n
	}
	rows := map[string]int{}
	for i := range d.mutations {
		m := &d.mutations[i]
		if m.stricter == "" || !suits(m) {
			continue
		}
		rows[m.stricter] += d.strict[m.name]
		if d.strict[m.name] == 0 {
			t.Errorf("%s: the library never accepted what we refuse: %s", m.name, m.stricter)
		}
	}
	reasons := make([]string, 0, len(rows))
	for reason := range rows {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	t.Logf("differential: %s: %d ceremonies: both accept %d, both refuse %d, stricter by design %d, looser 0", verb, agreed+refused+stricter, agreed, refused, stricter)
	for _, reason := range reasons {
		t.Logf("differential: %s: stricter %4d times: %s", verb, rows[reason], reason)
	}
}

func TestDifferentialRegistration(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, 1)
	suits := func(m *mutation) bool { return m.common != nil || m.registration != nil }
	pairs := d.pairs(suits)
	for i := range differentialCeremonies {
		k, m := d.pick(pairs, i)
		options, ceremony := d.scene.beginRegistration(t)
		_, body, err := d.authors[k].Create(options, testOrigin, func(r *webauthntest.Registration) {
			switch {
			case m == nil:
			case m.common != nil:
				m.common(&r.Ceremony)
			default:
				m.registration(r)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		_, ours := d.scene.finishRegistration(ceremony, body)
		_, theirs := d.oracle.register(options, body)
		d.compare(t, k, m, ours, theirs)
	}
	d.report(t, "registration", suits)
}

func TestDifferentialAuthentication(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, 2)
	suits := func(m *mutation) bool { return m.common != nil || m.authentication != nil || m.record != nil }
	pairs := d.pairs(suits)
	for i := range differentialCeremonies {
		k, m := d.pick(pairs, i)
		cred, stored := d.registered(t, k)
		var request relyingparty.AuthenticationRequest
		if d.random.IntN(2) == 0 {
			request = relyingparty.AuthenticationRequest{Identified: true, UserHandle: testHandle(), Allow: []webauthn.CredentialDescriptor{describe(cred)}}
		}
		options, ceremony := d.scene.beginAuthentication(t, request)
		body, err := cred.Get(options, testOrigin, func(g *webauthntest.Authentication) {
			switch {
			case m == nil:
			case m.common != nil:
				m.common(&g.Ceremony)
			case m.authentication != nil:
				m.authentication(g)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if m != nil && m.record != nil {
			m.record(&stored)
		}
		_, ours := d.scene.finishAuthentication(ceremony, body, stored)
		_, theirs := d.oracle.authenticate(options, request.UserHandle, body, stored)
		d.compare(t, k, m, ours, theirs)
	}
	d.report(t, "authentication", suits)
}

// registered is a credential that both have accepted.
func (d *differential) registered(t *testing.T, k kind) (*webauthntest.Credential, relyingparty.Credential) {
	t.Helper()
	// What is stated does not matter here, and two formats never verify.
	k.attestation = webauthntest.AttestationNone
	options, ceremony := d.scene.beginRegistration(t)
	cred, body, err := d.authors[k].Create(options, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	registration, err := d.scene.finishRegistration(ceremony, body)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := d.oracle.register(options, body)
	if err != nil || string(theirs.PublicKey) != string(registration.PublicKey) || string(theirs.ID) != string(registration.CredentialID) {
		t.Fatalf("the library stores something else (error: %v)", err)
	}
	return cred, record(registration)
}

// Where we accept what the library refuses: extension outputs that nobody asked
// for are ignored (§7.1, §7.2: extensions; REG-52), whatever stands in them, if
// only it is canonical. The policy ignore, which judges no statement, is another
// matter: the library has no such policy.
func TestDifferentialLooser(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, 3)
	nested := webauthntest.CBORBool(true)
	for range 5 {
		nested = webauthntest.CBORArray(nested)
	}
	options, ceremony := d.scene.beginRegistration(t)
	_, body, err := d.authors[kind{webauthn.ES256, webauthntest.AttestationSelf}].Create(options, testOrigin, func(r *webauthntest.Registration) {
		r.AuthenticatorData.SetExtensions(webauthntest.CBORMap(webauthntest.CBORText("acme"), nested))
	})
	if err != nil {
		t.Fatal(err)
	}
	_, ours := d.scene.finishRegistration(ceremony, body)
	_, theirs := d.oracle.register(options, body)
	if theirs == nil || verdict(ours) != accepted {
		t.Errorf("a nested extension output: we say %v, the library %v", ours, theirs)
	}
	t.Logf("differential: looser: a nested extension output: %s, the library refuses", verdict(ours))
}
