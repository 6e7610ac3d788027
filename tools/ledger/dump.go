package ledger

import (
	"encoding/json"
	"fmt"
	"io"
)

// Write writes the books as JSON, to be looked at beside a data directory in
// which something was found. It holds no token. Nobody may Work meanwhile.
func (l *Ledger) Write(w io.Writer) error {
	type entry struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
		Over bool   `json:"over"` // removed, ended
	}
	type person struct {
		Name     string  `json:"name"`
		Account  string  `json:"account"`
		State    string  `json:"state"`
		InDoubt  string  `json:"in_doubt,omitempty"`
		Passkeys []entry `json:"passkeys"`
		Sessions []entry `json:"sessions"`
		Answers  int     `json:"answers"` // kept for handing in again
	}
	var books struct {
		Findings []Finding `json:"findings"`
		Counts   Counts    `json:"counts"`
		People   []person  `json:"people"`
	}
	books.Findings, books.Counts = l.Findings(), l.Counts()
	l.mu.Lock()
	pages := append([]*page(nil), l.gone...)
	l.mu.Unlock()
	for _, s := range l.slots {
		if s.page != nil {
			pages = append(pages, s.page)
		}
	}
	for _, p := range pages {
		out := person{Name: p.name, Account: p.id, State: p.state.String(), Answers: len(p.answers)}
		if p.doubt != nil {
			out.InDoubt = p.doubt.what
		}
		for _, k := range p.passkeys {
			out.Passkeys = append(out.Passkeys, entry{ID: k.id, Name: k.name, Over: k.removed})
		}
		for _, s := range p.sessions {
			out.Sessions = append(out.Sessions, entry{ID: s.id, Over: s.ended})
		}
		books.People = append(books.People, out)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(books); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

func (s state) String() string {
	switch s {
	case present:
		return "present"
	case removed:
		return "removed"
	default:
		return "absent"
	}
}
