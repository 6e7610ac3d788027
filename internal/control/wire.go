package control

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hitherauth/hither/testbed"
)

// The JSON of the API. Requests are closed: an unknown member is refused. Answers are
// open: members may be added.

type bedAnswer struct {
	_       struct{}      `additionalProperties:"true"`
	Screen  size          `json:"screen"`
	Air     airAnswer     `json:"air"`
	Phones  []phoneAnswer `json:"phones"`
	Tunnel  string        `doc:"The tunnel service of the phones: the number of its domain, and where it is." json:"tunnel"`
	Browser string        `doc:"The path of the browser; empty: there is none." json:"browser"`
}

type size struct {
	_      struct{} `additionalProperties:"true"`
	Width  int      `doc:"In pixels." json:"width"`
	Height int      `doc:"In pixels." json:"height"`
}

type airRequest struct {
	Power   *bool `doc:"The Bluetooth adapter is on. Left out: it is." json:"power,omitempty"`
	Lose    int   `doc:"How many times each advert is sent without being heard. -1: it never is." json:"lose,omitempty" maximum:"1000000" minimum:"-1"`
	Repeat  int   `doc:"How many times more each hearing is reported." json:"repeat,omitempty" maximum:"1000" minimum:"0"`
	DelayMS int   `doc:"How long after a phone began to advertise it is first heard, in milliseconds." json:"delay_ms,omitempty" maximum:"600000" minimum:"0"`
	Corrupt bool  `doc:"Each advert is heard with one bit wrong." json:"corrupt,omitempty"`
}

type airAnswer struct {
	_       struct{} `additionalProperties:"true"`
	Power   bool     `doc:"The Bluetooth adapter is on. A browser may have switched it." json:"power"`
	Lose    int      `json:"lose"`
	Repeat  int      `json:"repeat"`
	DelayMS int      `json:"delay_ms"`
	Corrupt bool     `json:"corrupt"`
}

type newPhoneRequest struct {
	Name     string `doc:"For people. Left out: its id." json:"name,omitempty" maxLength:"64"`
	Backup   string `doc:"What its passkeys are. Left out: backed_up." enum:"device_bound,backup_eligible,backed_up" json:"backup,omitempty"`
	Counting bool   `doc:"Its passkeys have a signature counter." json:"counting,omitempty"`
}

type changePhoneRequest struct {
	Answer *string  `doc:"What its person does from now on." enum:"agree,decline,ask" json:"answer,omitempty"`
	Faults *[]fault `doc:"What goes wrong with it from now on: all of it, so that [] is nothing." json:"faults,omitempty" maxItems:"32"`
}

type phoneAnswer struct {
	_        struct{}        `additionalProperties:"true"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Answer   string          `doc:"What its person does." enum:"agree,decline,ask" json:"answer"`
	Faults   []fault         `json:"faults"`
	Passkeys []passkeyAnswer `json:"passkeys"`
}

// fault is one of [testbed.Faults], or one like it with another parameter.
type fault string

// Schema describes a fault by all there are.
func (fault) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "One of the examples; the number and the duration in them are parameters."}
	for _, f := range testbed.Faults() {
		s.Examples = append(s.Examples, f.String())
	}
	return s
}

type phonesAnswer struct {
	_      struct{}      `additionalProperties:"true"`
	Phones []phoneAnswer `json:"phones"`
}

type passkeyAnswer struct {
	_               struct{}  `additionalProperties:"true"`
	ID              string    `doc:"Credential id, base64url." json:"id"`
	RPID            string    `json:"rp_id"`
	UserName        string    `json:"user_name"`
	UserDisplayName string    `json:"user_display_name"`
	CreatedAt       time.Time `json:"created_at"`
}

type scanRequest struct {
	Text      string `doc:"What the QR code says, for one that is not on the screen. Left out: the first new one that is." json:"text,omitempty" maxLength:"4096"`
	Until     string `doc:"How far the answer waits: the QR code is read, the person is asked, the browser has its answer. Left out: answered." enum:"read,asked,answered" json:"until,omitempty"`
	TimeoutMS *int   `doc:"How long it waits, in milliseconds. Left out: 30000." json:"timeout_ms,omitempty" maximum:"600000" minimum:"1"`
}

type scanAnswer struct {
	_          struct{}   `additionalProperties:"true"`
	ID         string     `json:"id"`
	State      string     `doc:"How far it is. A scan that has ended may have been answered before: see answered_at." enum:"read,asked,answered,ended" json:"state"`
	Error      *scanError `doc:"Why it has ended without an answer, or after it." json:"error,omitempty"`
	StartedAt  time.Time  `doc:"When it was asked for." json:"started_at"`
	ReadAt     time.Time  `doc:"When the QR code was read." json:"read_at"`
	AnsweredAt *time.Time `doc:"When the browser was given its answer. Left out: not yet." json:"answered_at,omitempty"`
}

type scanError struct {
	_      struct{} `additionalProperties:"true"`
	Code   fate     `json:"code"`
	Detail string   `doc:"A sentence for people." json:"detail"`
}

type questionAnswer struct {
	_        struct{}        `additionalProperties:"true"`
	Action   string          `doc:"What the person is asked to agree to." enum:"create,replace,excluded,sign_in,nothing" json:"action"`
	RPID     string          `json:"rp_id"`
	RPName   string          `doc:"A claim of whoever asks." json:"rp_name"`
	Accounts []accountAnswer `doc:"Whose passkeys there are, the newest first." json:"accounts"`
}

type accountAnswer struct {
	_           struct{} `additionalProperties:"true"`
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name"`
}

type answerRequest struct {
	Agree    *bool `doc:"The person says yes." json:"agree" nullable:"false"`
	Verified *bool `doc:"The person has unlocked the phone. Left out: they have." json:"verified,omitempty"`
	Account  int   `doc:"Which one of the accounts. Left out: the first." json:"account,omitempty" maximum:"1000" minimum:"0"`
}

type eventsAnswer struct {
	_      struct{}      `additionalProperties:"true"`
	Events []eventAnswer `json:"events"`
}

type eventAnswer struct {
	_      struct{}  `additionalProperties:"true"`
	ID     int       `doc:"They are counted from 1. The last 10,000 are kept." json:"id"`
	Time   time.Time `json:"time"`
	Phone  string    `doc:"The id of the phone; empty: it is no phone's." json:"phone"`
	Scan   string    `json:"scan"`
	Kind   string    `doc:"What has happened: words joined by underscores." json:"kind"`
	Detail string    `doc:"More about it, for people." json:"detail"`
}
