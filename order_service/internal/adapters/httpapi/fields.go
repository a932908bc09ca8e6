package httpapi

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/httpapi"
	"ordertrack/shared/name"
)

const (
	fieldName = "name"
	fieldNote = "note"
	aString   = "a string"

	maxUnknown = 10 // unknown members that are told; an answer stays small whatever was sent
)

// fields are the members of the object; nil for one that is not given.
type fields struct {
	name, note *value
	unknown    []string
}

func (f *fields) set(member string, v value) {
	switch member {
	case fieldName:
		f.name = &v
	case fieldNote:
		f.note = &v
	default:
		if len(f.unknown) < maxUnknown {
			f.unknown = append(f.unknown, fmt.Sprintf("%.100s", member))
		}
	}
}

// order makes the request, or lists every field at fault.
func (f *fields) order() (placing.Request, *httpapi.Problem) {
	var (
		request placing.Request
		errs    []httpapi.FieldError
	)
	if fault := f.parseName(&request); fault != nil {
		errs = append(errs, *fault)
	}
	if fault := f.parseNote(&request); fault != nil {
		errs = append(errs, *fault)
	}
	for _, member := range f.unknown {
		errs = append(errs, httpapi.FieldError{
			Field: member, Limit: "name and note only",
			Detail: fmt.Sprintf("An order has no field %q.", member),
		})
	}
	if len(errs) > 0 {
		return placing.Request{}, badFields(errs)
	}
	return request, nil
}

func (f *fields) parseName(request *placing.Request) *httpapi.FieldError {
	if f.name == nil {
		return &httpapi.FieldError{Field: fieldName, Limit: "required", Detail: "The name is missing."}
	}
	if f.name.kind != jsontext.KindString {
		return &httpapi.FieldError{
			Field: fieldName, Limit: aString, Detail: "The name is " + nameOf(f.name.kind) + "; it must be a string.",
		}
	}
	parsed, err := name.Parse(f.name.text)
	if err != nil {
		return &httpapi.FieldError{Field: fieldName, Limit: name.Limit(err), Detail: fmt.Sprintf("The name %v.", err)}
	}
	request.Name = parsed
	return nil
}

func (f *fields) parseNote(request *placing.Request) *httpapi.FieldError {
	if f.note == nil {
		return nil
	}
	if f.note.kind != jsontext.KindString {
		return &httpapi.FieldError{
			Field: fieldNote, Limit: aString,
			Detail: "The note is " + nameOf(f.note.kind) + "; it must be a string. Leave it out for no note.",
		}
	}
	parsed, err := domain.ParseNote(f.note.text)
	if err != nil {
		return &httpapi.FieldError{Field: fieldNote, Limit: noteLimit(err), Detail: fmt.Sprintf("The note %v.", err)}
	}
	request.Note = parsed
	return nil
}

func noteLimit(err error) string {
	switch {
	case errors.Is(err, domain.ErrNoteNUL):
		return "no NUL"
	case errors.Is(err, domain.ErrNoteTooLong):
		return fmt.Sprintf("at most %d characters", domain.MaxNoteLength)
	default:
		return "valid UTF-8"
	}
}
