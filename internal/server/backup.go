package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Backup is a backup on its way to the operator.
type Backup struct {
	io.ReadCloser
	Size int64 // in bytes
}

// sendBackup streams a backup through hither.sock. An answer that breaks off is
// shorter than its Content-Length.
func sendBackup(s *Server, w http.ResponseWriter, r *http.Request, status int) error {
	if s.backup == nil {
		return refuse(codeNotFound, "")
	}
	// The server's own patience is for requests and answers that are small. While
	// a read is pending, its deadline would end the request.
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	b, err := s.backup(r.Context())
	if err != nil {
		s.metrics.backups.WithLabelValues(outcomeFailed).Inc()
		// Whoever is at this door may know why: a full disk, most likely.
		return &refusal{code: codeUnavailable, detail: "no backup was made: " + err.Error(), cause: err}
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Length", strconv.FormatInt(b.Size, 10))
	err = control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		w.WriteHeader(status)
		_, err = io.CopyN(patientWriter{w, control}, b, b.Size) // fewer bytes are an error
	}
	if err := errors.Join(err, b.Close()); err != nil {
		s.metrics.backups.WithLabelValues(outcomeFailed).Inc()
		s.logger.ErrorContext(r.Context(), "backup broke off", "request_id", incomingOf(r).id, "err", err)
		panic(http.ErrAbortHandler)
	}
	s.metrics.backups.WithLabelValues(outcomeCompleted).Inc()
	s.logger.InfoContext(r.Context(), "backup made", "request_id", incomingOf(r).id, "bytes", b.Size)
	return nil
}

// patientWriter gives each part of a long answer the time of a short one.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
}

func (p patientWriter) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return p.Writer.Write(b)
}
