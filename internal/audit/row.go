package audit

import (
	"encoding/binary"
	"time"
)

// Row is one event row as the engine keeps it, every column and nothing read
// into it: what cannot be seen here can be changed without a trace.
type Row struct {
	No         int64 // 1 for the first; each next one is one more
	At         int64 // milliseconds since 1970 UTC
	Type       string
	Account    []byte // nil: NULL, here and below
	Credential []byte
	Actor      string
	Address    []byte
	Browser    string
	Failed     string
	Detail     string
	Count      int64
}

// leafVersion begins each leaf. Another layout, or another column, gets another
// number; which one a row has follows from the row.
const leafVersion = "hither event 1\n"

// AppendLeaf appends the bytes of r that its leaf hash is made from:
//
//	"hither event 1\n"
//	No, At, Count                             8 bytes each, big-endian, two's complement
//	Type, Account, Credential, Actor,
//	Address, Browser, Failed, Detail          each: 00, or 01, length (4 bytes, big-endian), bytes
//
// 00 stands for NULL. Two rows have the same bytes only if they are equal.
func (r Row) AppendLeaf(b []byte) []byte {
	b = append(b, leafVersion...)
	for _, n := range []int64{r.No, r.At, r.Count} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // G115: two's complement is meant
	}
	b = appendText(b, r.Type)
	b = appendBytes(b, r.Account)
	b = appendBytes(b, r.Credential)
	b = appendText(b, r.Actor)
	b = appendBytes(b, r.Address)
	b = appendText(b, r.Browser)
	b = appendText(b, r.Failed)
	return appendText(b, r.Detail)
}

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(append(b, 1), uint32(len(s))) //nolint:gosec // G115: no engine keeps 4 GiB in a column
	return append(b, s...)
}

func appendBytes(b, s []byte) []byte {
	if s == nil {
		return append(b, 0)
	}
	b = binary.BigEndian.AppendUint32(append(b, 1), uint32(len(s))) //nolint:gosec // G115: no engine keeps 4 GiB in a column
	return append(b, s...)
}

// moment reads a stored time.
func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
