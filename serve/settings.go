package serve

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/models/settings"
)

// Settings is what the shops have set. It changes by records of the log, which the server writes; nil where the server takes none.
type Settings interface {
	Setting(shop []byte, kind, name string) (*settings.Setting, bool)
	Settings(shop []byte, kind string) []*settings.Setting
	// CheckSetting reports why a version cannot be set: a *models.Invalid that names the field.
	CheckSetting(shop []byte, v *settings.Version) error
}

// Explainer answers a frame and tells how the answer came about, by a draft of its definition where there is one. Nothing is recorded.
type Explainer interface {
	Explain(q *models.FrameQuery, draft []byte, into *models.Frame) (*models.FrameTrace, error)
}

// settingTime is how long a change of a setting waits for its own record to be folded; settingLook is how often it looks.
const (
	settingTime = 5 * time.Second
	settingLook = time.Millisecond
)

// settingQuery is the parameters of requests about settings.
type settingQuery struct {
	shop    []byte
	author  string
	version int // to read, or that the change is made of; 0: the newest
	restore int // the version to take up again
}

func (c *call) settingQuery() (q settingQuery, f *fault) {
	var shop []byte
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		if !ok || len(value) > maxID {
			return q, badParameter(string(name), "the value is too long or not validly escaped")
		}
		switch string(name) {
		case "shop":
			shop = value
		case "author":
			q.author = string(value)
		case "version", "restore":
			n, err := strconv.Atoi(string(value))
			if err != nil || n < 1 {
				return q, badParameter(string(name), string(name)+" is the number of a version, from 1 on")
			}
			if string(name) == "version" {
				q.version = n
			} else {
				q.restore = n
			}
		}
	}
	if tag := bytes.TrimSpace(c.ctx.Request.Header.Peek(fasthttp.HeaderIfMatch)); len(tag) > 0 && string(tag) != "*" {
		n, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(string(tag), "W/"), `"`))
		if err != nil || n < 0 {
			return q, badParameter(fasthttp.HeaderIfMatch, "If-Match is the ETag of the version that the change is made of")
		}
		q.version = n
	}
	q.shop, f = c.shop(shop)
	return q, f
}

// noSettings is the answer of a server without them.
var noSettings = notFound("no_settings", "this server has no settings")

// toldSetting is a version as it is told.
type toldSetting struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Version int             `json:"version"`
	Time    string          `json:"time"`
	Author  string          `json:"author,omitempty"`
	From    int             `json:"restores,omitempty"`
	Deleted bool            `json:"deleted,omitempty"`
	Broken  string          `json:"broken,omitempty"`
	Diff    []settings.Edit `json:"diff,omitempty"`
	Body    json.RawMessage `json:"setting,omitempty"`
}

func told(v *settings.Version, broken error) toldSetting {
	t := toldSetting{Kind: v.Kind, Name: v.Name, Version: v.Version, Time: string(models.AppendTime(nil, v.Time)), Author: v.Author, From: v.From, Deleted: v.Deleted, Body: v.Body}
	if broken != nil {
		t.Broken = broken.Error()
	}
	return t
}

// answerSettings answers GET /v1/settings: all that is set, without the definitions.
func (s *Server) answerSettings(c *call) *fault {
	q, f := c.settingQuery()
	if f != nil {
		return f
	}
	if s.deps.Settings == nil {
		return noSettings
	}
	list := []toldSetting{}
	for _, of := range s.deps.Settings.Settings(q.shop, "") {
		if v := of.Newest(); !v.Deleted {
			t := told(v, of.Broken)
			t.Body = nil
			list = append(list, t)
		}
	}
	return s.endJSON(c, map[string]any{"settings": list})
}

// setting returns what a request about a setting is about.
func (s *Server) setting(c *call) (q settingQuery, kind, name string, of *settings.Setting, f *fault) {
	if q, f = c.settingQuery(); f != nil {
		return q, "", "", nil, f
	}
	if s.deps.Settings == nil {
		return q, "", "", nil, noSettings
	}
	kind, name = string(c.paths[0]), string(c.paths[1])
	if err := settings.CheckName(kind, name); err != nil {
		return q, "", "", nil, settingFault(err)
	}
	of, _ = s.deps.Settings.Setting(q.shop, kind, name)
	return q, kind, name, of, nil
}

func settingFault(err error) *fault {
	var why *models.Invalid
	if errors.As(err, &why) {
		return &fault{fasthttp.StatusUnprocessableEntity, why.Code, why.Reason, why.Field}
	}
	return &fault{fasthttp.StatusUnprocessableEntity, models.BadSetting, err.Error(), ""}
}

func unset(kind, name string) *fault {
	return notFound("not_set", "nothing is set as "+kind+" "+strconv.Quote(name))
}

// answerSetting answers GET /v1/settings/{kind}/{name}.
func (s *Server) answerSetting(c *call) *fault {
	q, kind, name, of, f := s.setting(c)
	if f != nil {
		return f
	}
	if of == nil || q.version == 0 && of.Newest().Deleted {
		return unset(kind, name)
	}
	v := of.Newest()
	if q.version != 0 {
		known := false
		if v, known = of.Find(q.version); !known {
			return notFound("no_such_version", fmt.Sprintf("there is no version %d, or it is too old to be kept", q.version))
		}
	}
	broken := of.Broken
	if v != of.Newest() {
		broken = nil
	}
	c.ctx.Response.Header.Set(fasthttp.HeaderETag, strconv.Quote(strconv.Itoa(v.Version)))
	return s.endJSON(c, told(v, broken))
}

// answerSettingHistory answers GET /v1/settings/{kind}/{name}/history: the newest version first, each with what it has changed.
func (s *Server) answerSettingHistory(c *call) *fault {
	_, kind, name, of, f := s.setting(c)
	if f != nil {
		return f
	}
	if of == nil {
		return unset(kind, name)
	}
	var list []toldSetting
	for i := len(of.Versions) - 1; i >= 0; i-- {
		t := told(&of.Versions[i], nil)
		var before json.RawMessage
		if i > 0 {
			before = of.Versions[i-1].Body
		}
		t.Diff, t.Body = settings.Diff(before, of.Versions[i].Body), nil
		list = append(list, t)
	}
	return s.endJSON(c, struct {
		Kind    string        `json:"kind"`
		Name    string        `json:"name"`
		History []toldSetting `json:"history"`
	}{kind, name, list})
}

// answerPutSetting answers PUT /v1/settings/{kind}/{name}.
func (s *Server) answerPutSetting(c *call) *fault {
	raw, f := s.receive(c)
	if f != nil {
		return f
	}
	body, f := s.inflated(c, raw, new(pace))
	if f != nil {
		return f
	}
	q, kind, name, of, f := s.setting(c)
	if f != nil {
		return f
	}
	next := settings.Version{Kind: kind, Name: name, Author: q.author}
	switch {
	case q.restore != 0:
		if of == nil {
			return unset(kind, name)
		}
		old, known := of.Find(q.restore)
		if !known || old.Deleted {
			return notFound("no_such_version", fmt.Sprintf("there is no version %d to restore, or it is too old to be kept", q.restore))
		}
		next.From, next.Body = old.Version, old.Body
	case len(bytes.TrimSpace(body)) == 0:
		return badBody("", "the body is the setting, a JSON object: there is none")
	default:
		var short bytes.Buffer
		if err := json.Compact(&short, body); err != nil {
			return badBody("", "the body is no JSON: "+err.Error())
		}
		next.Body = short.Bytes()
	}
	if kind == settings.KindShop {
		if next.Zone, f = zoneOf(next.Body); f != nil {
			return f
		}
	}
	return s.change(c, q, of, &next)
}

// answerDeleteSetting answers DELETE /v1/settings/{kind}/{name}: what it was stays in its history.
func (s *Server) answerDeleteSetting(c *call) *fault {
	q, kind, name, of, f := s.setting(c)
	if f != nil {
		return f
	}
	if of == nil || of.Newest().Deleted {
		return unset(kind, name)
	}
	return s.change(c, q, of, &settings.Version{Kind: kind, Name: name, Author: q.author, Deleted: true})
}

// change writes a version to the log, and answers when the engine has folded it: then the next request finds it.
func (s *Server) change(c *call, q settingQuery, of *settings.Setting, next *settings.Version) *fault {
	base := 0
	if of != nil {
		base = of.Newest().Version
	}
	if q.version != 0 && q.version != base {
		return conflict(base)
	}
	if !s.deps.Stream.Status().Ready {
		return &fault{fasthttp.StatusServiceUnavailable, "not_ready", "the log is still being read: set it again when /readyz says so", ""}
	}
	var nonce [8]byte
	rand.Read(nonce[:]) // never fails
	next.Version, next.ID, next.Time = base+1, hex.EncodeToString(nonce[:]), models.TimeOf(time.Now())
	if err := s.deps.Settings.CheckSetting(q.shop, next); err != nil {
		return settingFault(err)
	}
	record, err := next.Record(q.shop)
	if err != nil {
		return settingFault(err)
	}
	if f := s.append(&ingest{records: []models.Record{record}}); f != nil {
		return f
	}
	for end := time.Now().Add(settingTime); time.Now().Before(end); time.Sleep(settingLook) {
		of, known := s.deps.Settings.Setting(q.shop, next.Kind, next.Name)
		if !known || of.Newest().Version < next.Version {
			continue
		}
		if v, kept := of.Find(next.Version); kept && v.ID != next.ID {
			return conflict(of.Newest().Version)
		}
		c.ctx.Response.Header.Set(fasthttp.HeaderETag, strconv.Quote(strconv.Itoa(next.Version)))
		return s.endJSON(c, told(next, nil))
	}
	return &fault{fasthttp.StatusServiceUnavailable, "not_folded", "the setting is in the log, and the engine has not come to it yet: look again", ""}
}

func conflict(newest int) *fault {
	return &fault{fasthttp.StatusConflict, "conflict", fmt.Sprintf("somebody else has changed it: the newest version is %d. Read it, and send the change again with its ETag in If-Match", newest), "version"}
}

// zoneOf returns when the clocks of the time zone of a shop change: from 2000 to 2060.
func zoneOf(body []byte) ([]settings.Shift, *fault) {
	shop, err := settings.ReadShop(body)
	if err != nil {
		return nil, settingFault(err)
	}
	if shop.TimeZone == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(shop.TimeZone)
	if err != nil || shop.TimeZone == "Local" {
		return nil, settingFault(&models.Invalid{Field: "time_zone", Code: models.BadSetting, Reason: "time_zone: there is no zone " + strconv.Quote(shop.TimeZone) + ": it is an IANA name, like Europe/Warsaw"})
	}
	var shifts []settings.Shift
	for t, last := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).In(zone), time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC); t.Before(last); {
		_, ahead := t.Zone()
		if n := len(shifts); n == 0 || shifts[n-1].Ahead != int32(ahead) {
			shifts = append(shifts, settings.Shift{From: t.Unix(), Ahead: int32(ahead)})
		}
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(t) { // past the end of the table, at the end of leap years, the library stands still
			end = t.Add(24 * time.Hour)
		}
		t = end
	}
	return shifts, nil
}

// endJSON answers with a value.
func (s *Server) endJSON(c *call, v any) *fault {
	body, err := json.Marshal(v)
	if err != nil {
		s.cfg.Logger.Error("BUG: an answer is no JSON", "route", c.route.name, "error", err)
		return &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""}
	}
	return c.end(append(append(c.begin(), body...), '\n'))
}

// answerPreview answers POST /v1/settings/{kind}/{name}/preview: a frame as the draft in the body would answer, and why.
func (s *Server) answerPreview(c *call) *fault {
	raw, f := s.receive(c)
	if f != nil {
		return f
	}
	body, f := s.inflated(c, raw, new(pace))
	if f != nil {
		return f
	}
	if string(c.paths[0]) != settings.KindFrame {
		return badParameter("path", "only settings of kind frame can be looked at before")
	}
	if err := settings.CheckName(settings.KindFrame, string(c.paths[1])); err != nil {
		return settingFault(err)
	}
	if f := s.readFrameQuery(c); f != nil {
		return f
	}
	c.query.Frame = c.paths[1]
	if len(bytes.TrimSpace(body)) == 0 {
		body = nil // what holds
	}
	return s.explain(c, body)
}

// explain answers a frame and tells how it came about.
func (s *Server) explain(c *call, draft []byte) *fault {
	if s.deps.Explainer == nil {
		return notFound("no_explain", "this server does not tell how frames come about")
	}
	if !s.gate.enter() {
		s.metrics.refused.Add(1)
		return busy
	}
	defer s.gate.leave()
	c.query.DeadlineExceeded = nil
	why, err := s.deps.Explainer.Explain(&c.query, draft, &c.frame)
	switch {
	case errors.Is(err, models.ErrUnknownFrame):
		return s.unknownFrame(c.query.Frame)
	case err != nil:
		return settingFault(err)
	}
	told, err := json.Marshal(why)
	if err != nil {
		return settingFault(err)
	}
	body := s.appendFrame(c.begin(), c, c.begun)
	body = append(append(body[:len(body)-1], `,"explain":`...), told...)
	return c.end(append(body, "}\n"...))
}

// answerPresets answers GET /v1/presets: frames to copy and change.
func (s *Server) answerPresets(c *call) *fault {
	return s.endJSON(c, map[string]any{"presets": settings.Presets()})
}

// shopCurrency returns the currency that a shop has set, "" where it has set none.
func (s *Server) shopCurrency(shop []byte) string {
	if s.deps.Settings == nil {
		return ""
	}
	of, ok := s.deps.Settings.Setting(shop, settings.KindShop, settings.KindShop)
	if !ok || of.Newest().Deleted || of.Broken != nil {
		return ""
	}
	set, err := settings.ReadShop(of.Newest().Body)
	if err != nil {
		return ""
	}
	return set.Currency
}
