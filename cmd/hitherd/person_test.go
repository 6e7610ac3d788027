package main

import (
	"errors"
	"net/http"
	"testing"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// TestPersonInSoftware goes through all that people in software can do, against
// a real process.
func TestPersonInSoftware(t *testing.T) {
	t.Parallel()
	s := startServer(t, "HITHER_SIGNUP=open")
	client := newClient(t, s.origin, 4)
	ctx := t.Context()

	phone := load.NewPerson(client)
	registered := check1(phone.Register(ctx, api.Registration{Name: "ada", DisplayName: "Ada"}))(t)
	me, session := check2(client.Me(ctx, registered.Session.Token))(t)
	if me != registered.Account || me.Name != "ada" || session.ID != registered.Session.ID {
		t.Errorf("me: %+v, %+v; registered %+v", me, session, registered)
	}
	laptop := load.NewPerson(client)
	joined := check1(laptop.Join(ctx, registered.Session.Token))(t)

	answer := check1(laptop.AnswerAuthentication(ctx))(t)
	opened := check1(answer.Finish(ctx))(t)
	if opened.Credential.ID != joined.Credential.ID || opened.Account.ID != me.ID {
		t.Errorf("the laptop signed in as %+v, want %+v of %+v", opened, joined.Credential, me)
	}
	_, err := answer.Finish(ctx)
	wantRefusal(t, err, http.StatusConflict, "ceremony_spent")

	if err := client.RenameCredential(ctx, opened.Session.Token, joined.Credential.ID, "laptop"); err != nil {
		t.Error(err)
	}
	if list := check1(client.Credentials(ctx, opened.Session.Token))(t); len(list) != 2 || list[1].Name != "laptop" && list[0].Name != "laptop" {
		t.Errorf("credentials: %+v", list)
	}
	third := check1(laptop.SignIn(ctx))(t)
	if err := client.EndSession(ctx, opened.Session.Token, third.Session.ID); err != nil {
		t.Error(err)
	}
	_, _, err = client.Me(ctx, third.Session.Token)
	wantRefusal(t, err, http.StatusUnauthorized, "unauthenticated")
	if err := client.RemoveCredential(ctx, registered.Session.Token, joined.Credential.ID); err != nil {
		t.Error(err)
	}
	_, err = laptop.SignIn(ctx)
	wantRefusal(t, err, http.StatusUnauthorized, "credential_unknown")
	check1(phone.SignIn(ctx))(t)
	if err := client.EndOtherSessions(ctx, registered.Session.Token); err != nil {
		t.Error(err)
	}
	if list := check1(client.Sessions(ctx, registered.Session.Token))(t); len(list) != 1 {
		t.Errorf("sessions: %+v", list)
	}
	if err := client.SignOut(ctx, registered.Session.Token); err != nil {
		t.Error(err)
	}
	wantRefusal(t, client.SignOut(ctx, registered.Session.Token), http.StatusUnauthorized, "unauthenticated")
	s.stop(t)
	if _, err := phone.SignIn(ctx); err == nil || errors.As(err, new(*api.RefusalError)) {
		t.Errorf("without a server: %v, want an error that is no refusal", err)
	}
}

// newClient keeps connections for n workers.
func newClient(t testing.TB, origin string, n int) *api.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}
	t.Cleanup(transport.CloseIdleConnections)
	return api.NewClient(&http.Client{Transport: transport}, origin)
}

func wantRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	refusal, ok := errors.AsType[*api.RefusalError](err)
	if !ok || refusal.Status != status || refusal.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func check1[A any](a A, err error) func(*testing.T) A {
	return func(t *testing.T) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

func check2[A, B any](a A, b B, err error) func(*testing.T) (A, B) {
	return func(t *testing.T) (A, B) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
}
