// Package settings reads a program's settings from its environment into a typed struct, and lists them for --help.
//
// A setting is a field with three tags: `env` names the variable, `default` is its value when the variable is unset or
// empty, `help` says what it does. Fields may be string, int, bool, time.Duration, slog.Level and []string (separated
// by commas); embedded structs count as part of the struct.
package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Error says which setting is wrong, and how. It is the one error a person who starts a program needs to read.
type Error struct {
	Setting string // name of the environment variable
	Problem string // what is wrong and what would be right; never holds a secret
	Err     error  // the cause, may be nil
}

func (e *Error) Error() string { return e.Setting + ": " + e.Problem }

func (e *Error) Unwrap() error { return e.Err }

// Validator is what a settings struct may implement to check more than its fields' types. Validate should return an
// *Error that names the setting.
type Validator interface{ Validate() error }

// Load reads T from environ, which has the form of os.Environ. The error names the setting: it is an *Error, or several
// joined.
func Load[T any](environ []string) (T, error) {
	var target T
	fields := fieldsOf(reflect.ValueOf(&target).Elem())
	values, err := layers(fields, environ)
	if err != nil {
		return target, err
	}
	var problems []error
	for _, f := range fields {
		if err := f.set(values.String(f.name)); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return target, errors.Join(problems...)
	}
	if v, ok := any(target).(Validator); ok {
		return target, v.Validate()
	}
	return target, nil
}

// layers puts the environment over the defaults. The separator cannot occur in a name: settings are flat.
func layers(fields []field, environ []string) (*koanf.Koanf, error) {
	const separator = "\x00"
	defaults, known := map[string]any{}, map[string]bool{}
	for _, f := range fields {
		defaults[f.name], known[f.name] = f.fallback, true
	}
	k := koanf.New(separator)
	if err := k.Load(confmap.Provider(defaults, ""), nil); err != nil {
		return nil, fmt.Errorf("load default settings: %w", err)
	}
	provider := env.Provider(separator, env.Opt{
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(key, value string) (string, any) {
			if !known[key] || value == "" {
				return "", nil
			}
			return key, value
		},
	})
	if err := k.Load(provider, nil); err != nil {
		return nil, fmt.Errorf("load settings from the environment: %w", err)
	}
	return k, nil
}

type field struct {
	name, fallback, help string
	value                reflect.Value
}

func fieldsOf(target reflect.Value) []field {
	var fields []field
	for i := range target.NumField() {
		f, v := target.Type().Field(i), target.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			fields = append(fields, fieldsOf(v)...)
			continue
		}
		if name, ok := f.Tag.Lookup("env"); ok {
			fields = append(fields, field{name: name, fallback: f.Tag.Get("default"), help: f.Tag.Get("help"), value: v})
		}
	}
	return fields
}

func (f field) set(text string) error {
	var err error
	switch p := f.value.Addr().Interface().(type) {
	case *string:
		*p = text
	case *[]string:
		*p = split(text)
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			return &Error{f.name, fmt.Sprintf("%q is not a whole number", text), err}
		}
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			return &Error{f.name, fmt.Sprintf("%q is neither true nor false", text), err}
		}
	case *time.Duration:
		if *p, err = time.ParseDuration(text); err != nil {
			return &Error{f.name, fmt.Sprintf("%q is not a duration such as 500ms, 10s or 2m", text), err}
		}
	case *slog.Level:
		if err = p.UnmarshalText([]byte(text)); err != nil {
			return &Error{f.name, fmt.Sprintf("%q is not a level: debug, info, warn or error", text), err}
		}
	default:
		panic(fmt.Sprintf("setting %s: fields of type %s are not supported", f.name, f.value.Type()))
	}
	return nil
}

func split(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
