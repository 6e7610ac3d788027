package eye

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
)

const (
	cookieScheme  = "MIT-MAGIC-COOKIE-1"
	maxAuthority  = 1 << 20 // bytes
	familyIPv4    = 0
	familyIPv6    = 6
	familyLocal   = 256
	familyWild    = 65535
	authorityPart = 5 // family, address, number, scheme, data
)

// cookie is what the X server at d wants to be shown, from the authority file at
// path. Without one it is nil: a server may want none.
func (d display) cookie(path string, remote net.Addr) []byte {
	if path == "" {
		return nil
	}
	f, err := os.Open(path) //nolint:gosec // G304: whose file it is, is for who runs this to say
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxAuthority))
	if err != nil {
		return nil
	}
	family, address := addressOf(remote)
	return findCookie(b, family, address, strconv.Itoa(d.number))
}

// addressOf is how an authority file names who is at the other end.
func addressOf(remote net.Addr) (family int, address string) {
	if tcp, ok := remote.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		if v4 := tcp.IP.To4(); v4 != nil {
			return familyIPv4, string(v4)
		}
		return familyIPv6, string(tcp.IP)
	}
	name, err := os.Hostname()
	if err != nil {
		return familyWild, ""
	}
	return familyLocal, name
}

// findCookie looks through the entries of an authority file. Each is a family and
// four counted strings; all numbers are big-endian.
func findCookie(b []byte, family int, address, number string) []byte {
	for {
		var parts [authorityPart][]byte
		for i := range parts {
			size := 2
			if i > 0 {
				if len(b) < 2 {
					return nil
				}
				size = int(binary.BigEndian.Uint16(b))
				b = b[2:]
			}
			if len(b) < size {
				return nil
			}
			parts[i], b = b[:size], b[size:]
		}
		whose := int(binary.BigEndian.Uint16(parts[0]))
		here := whose == familyWild || whose == family && string(parts[1]) == address
		if here && (len(parts[2]) == 0 || string(parts[2]) == number) && string(parts[3]) == cookieScheme {
			return slices.Clone(parts[4])
		}
	}
}
