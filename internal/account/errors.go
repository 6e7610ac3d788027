package account

import "errors"

// Errors that callers act on. A store returns those that a change can meet.
var (
	ErrNotFound           = errors.New("account: not found")
	ErrCeremonySpent      = errors.New("account: ceremony was used before")
	ErrNameTaken          = errors.New("account: name is taken")
	ErrCredentialExists   = errors.New("account: credential is registered already")
	ErrTooManyCredentials = errors.New("account: an account has at most 100 credentials")
	ErrLastCredential     = errors.New("account: the last credential cannot be removed")
	ErrLastAdministrator  = errors.New("account: the last administrator cannot be disabled or removed; invite another one first")
	ErrDisabled           = errors.New("account: disabled")
	ErrSessionEnded       = errors.New("account: session has ended")
	ErrInvitationUsed     = errors.New("account: invitation is used or expired")
	ErrInvitationLife     = errors.New("account: an invitation lives at most 7 days")
	ErrSignCount          = errors.New("account: signature counter did not grow")
	ErrBackupEligible     = errors.New("account: backup eligibility changed")
	ErrStepUp             = errors.New("account: a fresh authentication is needed")
	ErrSystemDiffers      = errors.New("account: database belongs to another RP ID or root key")
	// ErrUnavailable wraps what keeps a store from answering. A change that ends
	// in it has not been acknowledged; it may still have been made when the
	// caller gave up waiting or the disk failed during the commit.
	ErrUnavailable = errors.New("account: store is not available")
)
