package account

import (
	"context"
	"errors"
	"slices"
	"time"
)

// open makes a session that begins now, and its token.
func (a *Accounts) open(s Session) (Opened, error) {
	token, err := NewToken(a.rand)
	if err != nil {
		return Opened{}, err
	}
	if s.ID, err = NewID(a.rand); err != nil {
		return Opened{}, err
	}
	s.TokenHash = token.Hash()
	s.AuthenticatedAt = a.now()
	s.LastSeenAt = s.AuthenticatedAt
	s.ExpiresAt = s.AuthenticatedAt.Add(a.lifetime)
	return Opened{Session: s, Token: token}, nil
}

// Authenticate finds the live session of a token and notes that it was seen, at
// most once a minute. ErrSessionEnded, ErrDisabled.
//
// A session that is found past one of its limits is removed there and then, so
// that a clock which is set back later cannot revive it.
func (a *Accounts) Authenticate(ctx context.Context, t Token) (Session, Account, error) {
	s, acc, err := a.store.Session(ctx, t.Hash())
	if errors.Is(err, ErrNotFound) {
		return Session{}, Account{}, ErrSessionEnded
	}
	if err != nil {
		return Session{}, Account{}, err
	}
	if acc.State != StateActive {
		return Session{}, Account{}, ErrDisabled
	}
	now := a.now()
	if reason := a.ended(s, now); reason != "" {
		event := a.personEvent(EventSessionEnded, s.AccountID, s.CredentialID, Client{})
		event.Detail = reason
		err := a.store.Apply(ctx, EndSessions{AccountID: s.AccountID, Only: &s.ID, Event: event})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Session{}, Account{}, err
		}
		return Session{}, Account{}, ErrSessionEnded
	}
	if now.Sub(s.LastSeenAt) >= touchEvery {
		switch err := a.store.Apply(ctx, TouchSession{TokenHash: s.TokenHash, At: now}); {
		case err == nil:
			s.LastSeenAt = now
		case errors.Is(err, ErrUnavailable):
			// A store that cannot write now still knows who this is. The
			// session only looks less used than it was.
		default:
			return Session{}, Account{}, err
		}
	}
	return s, acc, nil
}

// ended says why a session is over at now; "" when it is not.
func (a *Accounts) ended(s Session, now time.Time) string {
	switch {
	case !now.Before(s.ExpiresAt), now.Sub(s.AuthenticatedAt) >= a.lifetime:
		// Both: a limit that was configured shorter since holds for open sessions too.
		return "expired"
	case now.Sub(s.LastSeenAt) >= a.idle:
		return "idle"
	case s.AuthenticatedAt.Sub(now) > ClockSlack:
		// Opened in the future: by a clock that was wrong then or is wrong now.
		// Its end cannot be trusted to come.
		return "clock"
	}
	return ""
}

// Fresh says whether s is young enough for sensitive changes: opened by an
// authentication with user verification within Config.StepUp.
func (a *Accounts) Fresh(s Session) bool {
	age := a.now().Sub(s.AuthenticatedAt)
	return s.UserVerified && age < a.stepUp && age >= -ClockSlack
}

// Sessions lists an account's live sessions, the one seen last first.
func (a *Accounts) Sessions(ctx context.Context, account ID) ([]Session, error) {
	all, err := a.store.Sessions(ctx, account)
	if err != nil {
		return nil, err
	}
	now := a.now()
	return slices.DeleteFunc(all, func(s Session) bool { return a.ended(s, now) != "" }), nil
}

// EndSession ends one of the person's sessions, s itself (which signs out) or
// another; ErrNotFound for one that is not theirs.
func (a *Accounts) EndSession(ctx context.Context, s Session, id ID, client Client) error {
	event := a.personEvent(EventSessionEnded, s.AccountID, nil, client)
	if id == s.ID {
		event.Detail = "signed out"
	}
	return a.store.Apply(ctx, EndSessions{AccountID: s.AccountID, Only: &id, Event: event})
}

// EndOtherSessions ends all of the person's sessions but s.
func (a *Accounts) EndOtherSessions(ctx context.Context, s Session, client Client) error {
	event := a.personEvent(EventSessionEnded, s.AccountID, nil, client)
	event.Detail = "all others"
	return a.store.Apply(ctx, EndSessions{AccountID: s.AccountID, Except: &s.ID, Event: event})
}
