package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/webauthn"
)

// endsSoon is when a certificate that is not renewed is worth a word.
const endsSoon = 7 * 24 * time.Hour

// ownAddress is what to do when a server goes by another name.
const ownAddress = "use the address that the server's own pages have; whoever runs it: public_url (docs/configuration.md) is what people are to use, and a proxy passes Host on"

// serverCheck is what is looked at of a server, in the order in which it is.
type serverCheck struct{ address, reached, origin, rpID finding }

// checkServer begins a sign-in, as hither login does, and reads what the server says
// as it does. "" is no server.
func checkServer(ctx context.Context, origin string, clock *clockCheck) []finding {
	if origin == "" {
		return nil
	}
	c := serverCheck{
		address: finding{Check: "server_address", Subject: "Server, an address that can have passkeys", Verdict: inOrder, Detail: origin},
		reached: finding{Check: "server_reached", Subject: "Server, answers", Verdict: notTried},
		origin:  finding{Check: "server_origin", Subject: "Server, goes by this address", Verdict: notTried},
		rpID:    finding{Check: "server_rp_id", Subject: "Server, RP ID fits", Verdict: notTried},
	}
	platform, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		c.address.Verdict, c.address.Code, c.address.Detail = failed, "no_secure_origin", reasonOf(err)
		c.address.Remedy = "passkeys need https and a name, or http at localhost: use such an address"
	}
	c.ask(ctx, origin, platform, clock)
	return []finding{c.address, c.reached, c.origin, c.rpID}
}

// ask has the server begin a ceremony. platform is nil for an address that cannot
// have one.
func (c *serverCheck) ask(ctx context.Context, origin string, platform *clientplatform.Client, clock *clockCheck) {
	at := newProbe(origin, nil)
	defer at.transport.CloseIdleConnections()
	begin := func() (*api.Ceremony, error) {
		return api.NewClient(&http.Client{Transport: at, Timeout: requestPatience}, origin).BeginAuthentication(ctx)
	}
	ceremony, err := begin()
	if at.answered.IsZero() {
		c.reached.Verdict = failed
		c.reached.Code, c.reached.Detail, c.reached.Remedy = unreached(err)
		return
	}
	clock.saw(at, origin, true)
	c.reached.Verdict, c.reached.Detail = inOrder, at.connection()
	if at.state != nil && time.Until(at.certificateEnds()) < endsSoon {
		c.reached.Verdict, c.reached.Code = warning, "certificate_ends"
		c.reached.Remedy = "whoever runs the server: renew the certificate"
	}
	c.origin.Verdict = inOrder
	if r, ok := errors.AsType[*api.RefusalError](err); ok && r.Code == "cross_site" {
		c.origin.Verdict, c.origin.Code, c.origin.Remedy = failed, "origin_foreign", ownAddress
		c.origin.Detail = "the server's origin is another one: it refuses what comes from this one"
		at.origin = "" // for the RP ID
		ceremony, err = begin()
	}
	if err != nil {
		c.refused(err)
		return
	}
	options, err := webauthn.ParseRequestOptions(ceremony.Options)
	if err != nil {
		c.rpID.Verdict, c.rpID.Code, c.rpID.Detail = failed, "options_malformed", err.Error()
		c.rpID.Remedy = "is there a Hither server at this URL, and no other?"
		return
	}
	c.judgeRPID(options.RPID, platform)
}

// judgeRPID asks the rules that a sign-in would ask.
func (c *serverCheck) judgeRPID(id string, platform *clientplatform.Client) {
	if platform == nil {
		return
	}
	id, err := platform.RPID(id)
	if err != nil {
		c.rpID.Verdict, c.rpID.Code, c.rpID.Detail = failed, "rp_id_foreign", reasonOf(err)
		c.rpID.Remedy = "use the server's address at that name; whoever runs it: rp_id and public_url belong together, and a change of rp_id ends all passkeys"
		return
	}
	c.rpID.Verdict, c.rpID.Detail = inOrder, id
}

// refused is an answer that is no success, and says what of the server is not in order.
func (c *serverCheck) refused(err error) {
	if c.origin.Verdict == inOrder {
		c.origin.Verdict = notTried
	}
	r, ok := errors.AsType[*api.RefusalError](err)
	switch {
	case !ok:
		c.reached.Verdict, c.reached.Code, c.reached.Detail = failed, "not_hither", err.Error()
		c.reached.Remedy = "is there a Hither server at this URL?"
	case r.Code == "misdirected":
		c.origin.Verdict, c.origin.Code, c.origin.Remedy = failed, "misdirected", ownAddress
		c.origin.Detail = "the server has another name, and answers 421 under this one"
	default:
		c.reached.Verdict, c.reached.Code = failed, "refused"
		c.reached.Detail = strings.TrimSpace(fmt.Sprintf("it answered %d %s %s", r.Status, r.Code, r.Detail))
		c.reached.Remedy = "try again in a minute; whoever runs the server finds more in its log"
		if r.Code == "" { // nothing that is Hither's
			c.reached.Remedy = "is there a Hither server at this URL?"
		}
	}
}

// reasonOf is a client platform's error without its name.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*clientplatform.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
