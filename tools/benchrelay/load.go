package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/rand/v2" //nolint:depguard // both ends must draw the same messages
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	directs = 250 // connections of a load to itself
	senders = 8   // goroutines of a load that send
	patient = time.Minute
)

// order is what a load is told to do next.
type order struct {
	Direct   bool
	Messages int
	Rate     float64 // a second
}

// result is what came of an order; of the first, which is to open tunnels, nothing.
type result struct {
	Latencies []uint32 // of each message, in units of 100 ns
	Bytes     int64
	Foreign   int64 // bytes that were not what was next in their tunnel and direction
	Err       string
}

// crowd are the two ends of many tunnels, or of connections without a relay.
type crowd struct {
	ends    []*end // 2i and 2i+1 belong together
	began   time.Time
	taken   []uint32
	next    atomic.Int64 // the place in taken of the next message
	n       atomic.Int64 // of messages that are in taken
	bytes   atomic.Int64
	foreign atomic.Int64
	reading sync.WaitGroup
}

// load is a process that opens tunnels and then does as it is told, until its
// orders end.
func load(ctx context.Context, o options, in io.Reader, out io.Writer) error {
	answers := gob.NewEncoder(out)
	through, err := open(ctx, o)
	if err != nil {
		return errors.Join(err, answers.Encode(result{Err: err.Error()}))
	}
	defer through.close()
	direct, err := connect(ctx, o)
	if err != nil {
		return errors.Join(err, answers.Encode(result{Err: err.Error()}))
	}
	defer direct.close()
	if err := answers.Encode(result{}); err != nil {
		return err
	}
	for orders := gob.NewDecoder(in); ; {
		var next order
		if err := orders.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		c := through
		if next.Direct {
			c = direct
		}
		if err := answers.Encode(c.talk(next)); err != nil {
			return err
		}
	}
}

// open opens this process's tunnels and comes to them.
func open(ctx context.Context, o options) (*crowd, error) {
	c := &crowd{began: time.Now()}
	for i := range o.Tunnels {
		id := fmt.Sprintf("%016X%016X", o.process, i)
		phone, routing, err := dial(ctx, o.process, o.address, "/cable/new/"+id)
		if err != nil {
			return c, fmt.Errorf("opening tunnel %d: %w", i, err)
		}
		client, _, err := dial(ctx, o.process, o.address, "/cable/connect/"+routing+"/"+id)
		if err != nil {
			return c, fmt.Errorf("coming to tunnel %d: %w", i, err)
		}
		c.add(o.process, phone, client)
	}
	return c, nil
}

// connect makes connections of this process to itself.
func connect(ctx context.Context, o options) (*crowd, error) {
	c := &crowd{began: time.Now()}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return c, err
	}
	defer func() { _ = listener.Close() }()
	for range min(directs, o.Tunnels) {
		dialed, err := (&net.Dialer{}).DialContext(ctx, "tcp4", listener.Addr().String())
		if err != nil {
			return c, err
		}
		accepted, err := listener.Accept()
		if err != nil {
			return c, err
		}
		c.add(o.process, newEnd(dialed), newEnd(accepted))
	}
	return c, nil
}

// add has two ends read what the other one sends.
func (c *crowd) add(process int, pair ...*end) {
	for i, e := range pair {
		seed := func(way int) *rand.Rand {
			return rand.New(rand.NewPCG(uint64(process)<<32|uint64(len(c.ends)/2), uint64(way)))
		}
		e.says = seed(i)
		hears := seed(1 - i)
		c.reading.Go(func() { c.read(e, hears) })
	}
	c.ends = append(c.ends, pair...)
}

// read compares what arrives at an end with what was sent to it.
func (c *crowd) read(e *end, hears *rand.Rand) {
	var got, want [longest]byte
	for {
		n, err := e.receive(got[:])
		if err != nil {
			return
		}
		now := time.Since(c.began)
		if m := fill(hears, want[:]); !bytes.Equal(got[stamp:n], want[stamp:m]) {
			c.foreign.Add(int64(n))
		}
		c.bytes.Add(int64(n))
		if i := c.next.Add(1) - 1; int(i) < len(c.taken) {
			c.taken[i] = uint32((now - time.Duration(binary.BigEndian.Uint64(got[:stamp]))) / 100)
		}
		c.n.Add(1)
	}
}

// talk sends messages at a rate, from ends drawn at random, and waits until they
// have arrived.
func (c *crowd) talk(o order) result {
	c.taken = make([]uint32, o.Messages)
	c.next.Store(0)
	c.n.Store(0)
	c.bytes.Store(0)
	errs := make(chan error, senders)
	for s := range senders {
		go func() { errs <- c.say(s, o) }()
	}
	var err error
	for range senders {
		err = errors.Join(err, <-errs)
	}
	for by := time.Now().Add(patient); int(c.n.Load()) < o.Messages && err == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(by) {
			err = fmt.Errorf("%d of %d messages have arrived", c.n.Load(), o.Messages)
		}
	}
	r := result{Latencies: slices.Clone(c.taken), Bytes: c.bytes.Load(), Foreign: c.foreign.Load()}
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

// say is the part of one of the senders, who share neither ends nor messages.
func (c *crowd) say(s int, o order) error {
	var b [8 + longest]byte
	draw := rand.New(rand.NewPCG(uint64(s), uint64(time.Now().UnixNano())))
	mine := (len(c.ends) - s + senders - 1) / senders
	if mine == 0 {
		return nil
	}
	among := min(senders, len(c.ends))
	messages := o.Messages / among
	if s < o.Messages%among {
		messages++
	}
	began := time.Now()
	for i := range messages {
		due := time.Duration(float64(i*among) / o.Rate * float64(time.Second))
		time.Sleep(due - time.Since(began))
		if err := c.ends[draw.IntN(mine)*senders+s].send(b[:], time.Since(c.began)); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) close() {
	for _, e := range c.ends {
		_ = e.Close()
	}
	c.reading.Wait()
}
