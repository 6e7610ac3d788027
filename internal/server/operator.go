package server

import (
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// What the operator does through hither.sock. Package account records it as
// the operator's.

// accountsPage is how many accounts one answer lists.
const accountsPage = 100

type operatorAccount struct {
	_             struct{}  `additionalProperties:"true"`
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	DisplayName   string    `json:"display_name"`
	Administrator bool      `json:"administrator"`
	State         string    `json:"state"`
	CreatedAt     time.Time `json:"created_at"`
}

type operatorAccountsAnswer struct {
	_        struct{}          `additionalProperties:"true"`
	Accounts []operatorAccount `json:"accounts"`
	Next     string            `json:"next,omitempty"` // the value of ?after= for the rest; "" when this is all
}

func (s *Server) operatorAccounts(c *call, _ empty) (operatorAccountsAnswer, error) {
	list, err := s.accounts.Accounts(c.r.Context(), c.r.URL.Query().Get("after"), accountsPage)
	if err != nil {
		return operatorAccountsAnswer{}, err
	}
	out := operatorAccountsAnswer{Accounts: make([]operatorAccount, len(list))}
	for i, a := range list {
		out.Accounts[i] = operatorAccount{
			ID: a.ID.String(), Name: a.Name, DisplayName: a.DisplayName, Administrator: a.Administrator,
			State: string(a.State), CreatedAt: a.CreatedAt.UTC(),
		}
	}
	if len(list) == accountsPage {
		out.Next = list[len(list)-1].Name
	}
	return out, nil
}

type inviteRequest struct {
	Name          string `json:"name,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	Hours         int    `json:"hours,omitempty"` // 0: 24
}

type linkAnswer struct {
	_         struct{}  `additionalProperties:"true"`
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func (s *Server) operatorInvite(c *call, in inviteRequest) (linkAnswer, error) {
	// Bounded before it is multiplied; package account has the real limit.
	if in.Hours < 0 || in.Hours > 10_000 {
		return linkAnswer{}, account.ErrInvitationLife
	}
	invitation, token, err := s.accounts.Invite(c.r.Context(), in.Name, in.Administrator, time.Duration(in.Hours)*time.Hour)
	if err != nil {
		return linkAnswer{}, err
	}
	return linkAnswer{Link: s.SetupLink(token), ExpiresAt: invitation.ExpiresAt.UTC()}, nil
}

func (s *Server) operatorSetup(c *call, _ empty) (linkAnswer, error) {
	token, err := s.accounts.Setup(c.r.Context())
	if err != nil {
		return linkAnswer{}, err
	}
	return linkAnswer{Link: s.SetupLink(token)}, nil
}

func (s *Server) operatorDisable(c *call, _ empty) (empty, error) {
	return empty{}, s.accounts.Disable(c.r.Context(), c.r.PathValue("name"))
}

func (s *Server) operatorEnable(c *call, _ empty) (empty, error) {
	return empty{}, s.accounts.Enable(c.r.Context(), c.r.PathValue("name"))
}

func (s *Server) operatorRemove(c *call, _ empty) (empty, error) {
	return empty{}, s.accounts.Remove(c.r.Context(), c.r.PathValue("name"))
}

// SetupLink is the link in which a setup or invitation token is handed on. The
// token is in the fragment, which browsers do not send: it reaches no log.
func (s *Server) SetupLink(t account.Token) string { return s.origin + "/setup#" + t.Reveal() }
