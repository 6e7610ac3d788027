package account

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Longest names, in characters (code points) after normalisation.
const (
	MaxNameLength           = 64
	MaxDisplayNameLength    = 100
	MaxCredentialNameLength = 64
)

// namePunctuation is what a name may have besides letters and digits. A name
// becomes part of URLs, command lines, headers and log lines: what means
// something there stays out.
const namePunctuation = "._-@+'"

var errNoStableForm = errors.New("account: no stable form")

// NameError says what is wrong with a name, for people.
type NameError struct {
	Reason string // a whole sentence that says what to do
}

func (e *NameError) Error() string { return "account: name refused: " + e.Reason }

// ParseName normalises an account name by the UsernameCasePreserved profile of
// [RFC 8265 §3.4] or says what is wrong with it (*NameError): 1 to 64 letters,
// digits and ._-@+' , a letter or digit first. Case is kept; names that differ
// in case alone are the same name (see FoldName).
//
// [RFC 8265 §3.4]: https://www.rfc-editor.org/rfc/rfc8265#section-3.4
func ParseName(s string) (string, error) {
	name, err := normalise(strings.TrimSpace(s), precis.UsernameCasePreserved, MaxNameLength)
	if err != nil {
		return "", err
	}
	for i, r := range name {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if i == 0 && !letter {
			return "", &NameError{Reason: "Begin with a letter or a digit."}
		}
		if r < utf8.RuneSelf && !letter && !strings.ContainsRune(namePunctuation, r) {
			return "", &NameError{Reason: "Use letters, digits and " + namePunctuation + " only."}
		}
	}
	return name, nil
}

// ParseDisplayName normalises what a person is called by the Nickname profile of
// [RFC 8266]: 1 to 100 characters, spaces single, no control characters and none
// that turn the direction of writing.
//
// [RFC 8266]: https://www.rfc-editor.org/rfc/rfc8266
func ParseDisplayName(s string) (string, error) {
	return normalise(s, precis.Nickname, MaxDisplayNameLength)
}

// ParseCredentialName is ParseDisplayName for a credential: 1 to 64 characters.
func ParseCredentialName(s string) (string, error) {
	return normalise(s, precis.Nickname, MaxCredentialNameLength)
}

// FoldName is what names are compared by: two names are the same when their keys
// are. It is a compatibility case folding ([Unicode §3.13]), which also joins
// pairs that the profile leaves apart, such as "ß" and "ss". Stores keep it: a
// Unicode version that folds otherwise needs a migration.
//
// [Unicode §3.13]: https://www.unicode.org/versions/latest/core-spec/chapter-3/#G33992
func FoldName(name string) string {
	// A Caser keeps state: one per call.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// normalise applies a profile and the rules that all names share.
func normalise(s string, profile *precis.Profile, longest int) (string, error) {
	tooLong := &NameError{Reason: fmt.Sprintf("Use at most %d characters.", longest)}
	// Normalising can shorten a text, though not to a sixteenth; the limit on
	// bytes bounds the work before the limit on characters is judged.
	if len(s) > 16*longest {
		return "", tooLong
	}
	if !utf8.ValidString(s) {
		return "", &NameError{Reason: "The text is not valid Unicode."}
	}
	if strings.IndexFunc(s, forbidden) >= 0 {
		return "", &NameError{Reason: "Leave out invisible and control characters."}
	}
	out, err := enforce(s, profile)
	if err != nil {
		return "", &NameError{Reason: "There is a character that cannot be used here."}
	}
	switch {
	case out == "":
		return "", &NameError{Reason: "Enter at least one character."}
	case utf8.RuneCountInString(out) > longest:
		return "", tooLong
	case strings.IndexFunc(out, forbidden) >= 0:
		return "", &NameError{Reason: "Leave out invisible and control characters."}
	}
	return out, nil
}

// enforce applies a profile until nothing changes any more. RFC 8265 §3.3 and
// RFC 8266 §2.3 know that once may not be enough, and give up after a few rounds.
func enforce(s string, profile *precis.Profile) (string, error) {
	for range 4 {
		out, err := profile.String(s)
		if err != nil {
			// The profile refuses "" with an error: that has a sentence of its own.
			if strings.TrimFunc(s, unicode.IsSpace) == "" {
				return "", nil
			}
			return "", err
		}
		if out == s {
			return out, nil
		}
		s = out
	}
	return "", errNoStableForm
}

// forbidden reports characters that could hide something, break a line, or turn
// the direction of the text around a name. The profiles refuse most of them;
// that all of them stay out does not depend on a table of theirs.
func forbidden(r rune) bool {
	return r == utf8.RuneError || // what decoders leave for a lone surrogate
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
