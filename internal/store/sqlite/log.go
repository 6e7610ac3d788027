package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hitherauth/hither/internal/ownfile"
)

// checkLog refuses a database that was not closed in good order and whose
// write-ahead log is gone, blank or damaged: what was acknowledged is in the log,
// and SQLite would go on without a word. It returns the log's size.
func (d *Directory) checkLog() (int64, error) {
	_, err := os.Lstat(d.file(openFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	wasOpen := err == nil
	f, err := ownfile.Open(d.file(databaseFile+"-wal"), os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrNotExist) && wasOpen:
		return 0, d.damagedLog("is gone")
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	info, err := f.Stat()
	if err == nil && wasOpen {
		var whole bool
		if whole, err = wholeLog(f); err == nil && !whole {
			err = d.damagedLog("is damaged")
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (d *Directory) damagedLog(how string) error {
	return fmt.Errorf("sqlite: %s was not closed in good order and its log %s-wal %s: "+
		"the newest changes would be lost; put the log back, or remove %s to go on without them",
		d.file(databaseFile), databaseFile, how, d.file(openFile))
}

// sums is the running checksum of a log.
type sums [2]uint32

// add continues a checksum with b, whose length is a multiple of 8.
func (s sums) add(order binary.ByteOrder, b []byte) sums {
	for ; len(b) > 0; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

func readSums(b []byte) sums { return sums{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])} }

const (
	logHeader   = 32
	frameHeader = 24
)

// wholeLog says whether SQLite will read all of a log that was ever acknowledged.
// It stops at the first frame whose checksum is wrong, which after a crash is one
// of the last group's: that group was being written, and nobody had its answer.
// But the writer begins no group before the last one is on the disk. So when
// there is, behind the wrong frame, a group that is complete and a further one
// begun on top of it, then the wrong frame was right once, and damaged since.
//
// What it cannot see is damage in the newest groups, with nothing behind them.
// The layout: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
func wholeLog(file io.Reader) (bool, error) {
	r := bufio.NewReaderSize(file, 1<<20)
	var header [logHeader]byte
	if n, err := io.ReadFull(r, header[:]); n < 4 || err != nil && ignoreShort(err) != nil {
		return false, ignoreShort(err)
	}
	var order binary.ByteOrder
	switch binary.BigEndian.Uint32(header[:]) {
	case 0x377f0682:
		order = binary.LittleEndian
	case 0x377f0683:
		order = binary.BigEndian
	default:
		return false, nil
	}
	pageSize := binary.BigEndian.Uint32(header[8:])
	if pageSize < 512 || pageSize > 65536 || pageSize&(pageSize-1) != 0 {
		return false, nil
	}
	last := readSums(header[24:])
	if last != (sums{}).add(order, header[:24]) {
		return false, nil // one sector, which is written whole or not at all
	}
	salts := [8]byte(header[16:24])
	frame := make([]byte, frameHeader+pageSize)
	for broken, complete := false, false; ; {
		if _, err := io.ReadFull(r, frame); err != nil {
			return true, ignoreShort(err)
		}
		own := readSums(frame[16:])
		right := [8]byte(frame[8:16]) == salts && own == last.add(order, frame[:8]).add(order, frame[frameHeader:])
		if right && complete {
			return false, nil
		}
		broken = broken || !right
		complete = broken && right && binary.BigEndian.Uint32(frame[4:]) != 0
		last = own
	}
}
