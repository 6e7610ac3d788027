package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/hitherauth/hither/internal/qrcode"
)

// announce ends a start-up: the address, then the setup link if there is one.
// People at a terminal get words and a QR code as well.
func (p program) announce(s site, setup string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "listening %s\n", s.origin)
	if setup != "" {
		fmt.Fprintf(&b, "setup %s\n", setup)
	}
	if columns, ok := terminal(p.stdout); ok {
		if setup == "" {
			fmt.Fprintf(&b, "\nOpen %s in a browser to sign in. Ctrl-C stops the server.\n", s.origin)
		} else if err := p.invite(&b, s, setup, columns); err != nil {
			return err
		}
	}
	_, err := p.stdout.Write(b.Bytes())
	return err
}

func (p program) invite(b *bytes.Buffer, s site, setup string, columns int) error {
	b.WriteString("\nWelcome. Nobody is administrator here yet: open the setup link in a browser and create the first passkey.\n")
	if s.host == localhost {
		b.WriteString("Only a browser on this computer reaches localhost.\n")
	}
	code, err := qrcode.Encode(qrcode.Text(setup))
	if err != nil {
		return fmt.Errorf("drawing the setup link: %w", err)
	}
	if code.Size()+2*qrcode.Margin <= columns {
		style := qrcode.Coloured
		if p.getenv("NO_COLOR") != "" {
			style = qrcode.Plain
		}
		b.WriteByte('\n')
		if err := code.Draw(b, style, qrcode.Margin); err != nil {
			return err
		}
	}
	b.WriteString("\nThe link works once. Whoever has it can become administrator, so keep it to yourself. Ctrl-C stops the server.\n")
	return nil
}

// terminal reports whether w is a terminal, and how wide it is.
func terminal(w io.Writer) (columns int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns, true
	}
	return 80, true
}
