package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"strconv"
	"time"

	"github.com/hitherauth/hither/testbed"
)

func (s *Server) readBed(*call, empty) (bedAnswer, error) {
	domain, service := s.bed.Tunnel()
	screen := s.bed.Screen()
	return bedAnswer{
		Screen: size{Width: screen.X, Height: screen.Y}, Air: s.air(), Phones: s.phoneAnswers(),
		Tunnel: fmt.Sprintf("0x%04x=%s", uint16(domain), service.URL), Browser: s.bed.Chromium(),
	}, nil
}

func (s *Server) air() airAnswer {
	air := s.bed.Air()
	return airAnswer{
		Power: s.bed.Power(), Lose: air.Lose, Repeat: air.Repeat, DelayMS: int(air.Delay / time.Millisecond), Corrupt: air.Corrupt,
	}
}

func (s *Server) setAir(_ *call, in airRequest) (airAnswer, error) {
	err := errors.Join(
		between("lose", in.Lose, -1, maxLose), between("repeat", in.Repeat, 0, maxRepeat), between("delay_ms", in.DelayMS, 0, maxWaitMS))
	if err != nil {
		return airAnswer{}, err
	}
	s.bed.SetAir(testbed.Air{Lose: in.Lose, Repeat: in.Repeat, Delay: milliseconds(in.DelayMS), Corrupt: in.Corrupt})
	if power := in.Power == nil || *in.Power; power != s.bed.Power() {
		s.bed.SetPower(power)
	}
	return s.air(), nil
}

// between refuses a number that is out of its range.
func between(name string, n, low, high int) error {
	if n < low || n > high {
		return refuse(codeValueInvalid, name+" is a number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
	}
	return nil
}

func (s *Server) readEvents(c *call, _ empty) (eventsAnswer, error) {
	out := eventsAnswer{Events: []eventAnswer{}}
	after := c.query["after"]
	events := s.bed.Events(after)
	if wait := c.query["wait_ms"]; wait > 0 && len(events) == 0 {
		ctx, cancel := context.WithTimeout(c, milliseconds(wait))
		defer cancel()
		var err error
		if events, err = s.bed.WaitEvents(ctx, after); err != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return out, &refusal{code: codeClosing, cause: err}
		}
	}
	for _, e := range events {
		out.Events = append(out.Events, eventAnswer{ID: e.ID, Time: e.Time.UTC(), Phone: e.Phone, Scan: e.Scan, Kind: e.Kind, Detail: e.Detail})
	}
	return out, nil
}

func (s *Server) readScreen(*call, empty) (picture, error) {
	image, err := s.bed.Photograph()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	err = encoder.Encode(&out, image)
	return out.Bytes(), err
}

func (s *Server) describeItself(*call, empty) (document, error) { return s.itself, nil }
