package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"time"

	"pgregory.net/rapid"

	"assent/terms"
	"assent/tracker"
)

// noon is when things happen in these tests, unless they say otherwise.
var noon = time.Date(2021, 5, 15, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, but for its type

const campaign = "new-terms-2021"

// store fails the test where the store itself fails.
type store struct {
	rapid.TB
	tracker.Store
	ctx context.Context
}

// update has to succeed.
func (s *store) update(fn func(tracker.Tx) error) {
	s.Helper()
	if err := s.Update(s.ctx, fn); err != nil {
		s.Fatalf("update: %v", err)
	}
}

// refused has to fail with an error of a kind, which says something.
func (s *store) refused(kind terms.Kind, fn func(tracker.Tx) error) {
	s.Helper()
	var safe *terms.Error
	if err := s.Update(s.ctx, fn); !errors.Is(err, kind) || !errors.As(err, &safe) {
		s.Fatalf("update: %v; want an error of kind %s", err, kind)
	}
}

// missing has to be NotFound, naming the thing.
func missing[T any](s *store, read func(tracker.Reader) (T, error)) {
	s.Helper()
	err := s.View(s.ctx, func(r tracker.Reader) error {
		_, err := read(r)
		return err
	})
	var safe *terms.Error
	if !errors.Is(err, terms.NotFound) || !errors.As(err, &safe) {
		s.Fatalf("view: %v; want NotFound", err)
	}
}

// get has to succeed.
func get[T any](s *store, read func(tracker.Reader) (T, error)) T {
	s.Helper()
	var out T
	err := s.View(s.ctx, func(r tracker.Reader) error {
		var err error
		out, err = read(r)
		return err
	})
	if err != nil {
		s.Fatalf("view: %v", err)
	}
	return out
}

// same compares what is to be kept exactly, instants in UTC. Within a thing an
// empty slice and none are the same.
func (s *store) same(what string, got, want any) {
	s.Helper()
	if !alike(reflect.ValueOf(got), reflect.ValueOf(want)) {
		s.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func alike(a, b reflect.Value) bool {
	if a.Type() != b.Type() {
		return false
	}
	switch x := a.Interface().(type) {
	case time.Time:
		return x.Equal(b.Interface().(time.Time)) && x.Location() == time.UTC
	case terms.Value:
		return x == b.Interface()
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		for i := range min(a.Len(), b.Len()) {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return a.Len() == b.Len()
	case reflect.Interface:
		return alike(a.Elem(), b.Elem())
	default:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
}

// plan is a campaign's schedule that uses every kind of field.
func plan(key string) tracker.PlanRecord {
	week, region := 7*24*time.Hour, terms.Reminder{AskOnce: true}
	return tracker.PlanRecord{
		Plan: terms.Plan{
			Campaign: key, Title: terms.Texts{"en": "Our terms are changing", "ar": "شروطنا تتغير"},
			Documents:  []terms.DocumentRef{{Document: "terms-of-service", Version: "2021-01-04"}},
			AnnounceAt: noon.AddDate(0, -4, 0), Deadline: noon, NoticePeriod: 4 * week,
			Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}, Bound: []terms.AccountType{terms.Bot}},
			Snooze:   terms.Snooze{For: week, Max: 8}, Extensions: terms.Extensions{Max: 2, Longest: week}, Grants: []string{"business.data_sharing"},
			Stages: []terms.Stage{
				{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: week, Dismissible: true}},
				{Key: "tried", Shadow: true, BrownOut: &terms.BrownOut{At: 9 * time.Hour, For: time.Hour}, Off: []string{"calls.place"}},
				{
					Key: "limited", After: week, Dwell: &week, Spread: week, FinalWarning: time.Hour, Off: []string{"messages.send"},
					Set: []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(8)}, {Capability: "media", Value: terms.TextValue("low")}},
				},
			},
			Regions: []terms.Region{{
				Key: "turkey", Countries: []string{"TR"}, AnnounceAt: noon.AddDate(0, -3, 0), Deadline: noon.AddDate(0, 1, 0),
				Reminder: &region, LastStage: "announced", Effect: terms.Void, Message: terms.Texts{"tr": "Merhaba"},
				Documents: []terms.DocumentRef{{Document: "terms-of-service-tr", Version: "1"}}, Recorded: terms.AskAgain,
			}},
			Mapping: []terms.StageMapping{{From: "warned", To: "announced"}},
		},
		Source: []byte("campaign: " + key + "\n"), Created: noon, Actor: "ada",
	}
}

// people adds n of them and returns them, in order of Ref.
func (s *store) people(prefix string, n int) []tracker.Person {
	s.Helper()
	list := make([]tracker.Person, n)
	for i := range list {
		country := []string{"BR", "IN", "DE"}[i%3]
		list[i] = tracker.Person{ID: fmt.Sprintf("%s-%03d", prefix, i), Country: country, Locale: "pt-BR", Type: terms.Personal, Created: noon.AddDate(-1, 0, 0)}
	}
	s.update(func(tx tracker.Tx) error {
		var err error
		list, err = tx.PutPeople(s.ctx, list)
		return err
	})
	return list
}

// enroll puts people into a campaign, which is made when it is new.
func (s *store) enroll(key string, people []tracker.Person) []tracker.Enrolled {
	s.Helper()
	rows := make([]tracker.Enrolled, len(people))
	for i, p := range people {
		rows[i] = tracker.Enrolled{
			Ref: p.Ref, Locale: p.Locale, NextAt: noon.Add(time.Duration(i) * time.Hour),
			Enrollment: terms.Enroll(plan(key).Plan, p.ID, p.Country, p.Type, p.Created, noon),
		}
	}
	s.update(func(tx tracker.Tx) error {
		if _, err := tx.Campaign(s.ctx, key); errors.Is(err, terms.NotFound) {
			if _, err := tx.AddPlan(s.ctx, plan(key)); err != nil {
				return err
			}
		}
		added, err := tx.Enroll(s.ctx, rows, noon)
		if err == nil && added != len(rows) {
			err = fmt.Errorf("%d enrolled, want %d", added, len(rows))
		}
		return err
	})
	return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) {
		return r.Positions(s.ctx, key, people[0].Ref-1, len(people))
	})
}
