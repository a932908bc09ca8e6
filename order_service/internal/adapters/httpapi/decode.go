package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/shared/httpapi"
)

// maxDepth is how deep a body may be nested; an order needs one level.
const maxDepth = 8

const example = `{"name":"John Doe","note":"First order"}`

var errTooDeep = fmt.Errorf("the body is nested deeper than %d levels", maxDepth)

// decodeOrder reads the body of an order, strictly: one JSON object in UTF-8, no member twice, none that is not known,
// nothing behind it. It goes token by token to the end, so that all fields at fault are told at once.
func decodeOrder(body []byte) (placing.Request, *httpapi.Problem) {
	if len(bytes.TrimSpace(body)) == 0 {
		return placing.Request{}, badBody("The body is empty; it must be a JSON object such as " + example + ".")
	}
	if !utf8.Valid(body) {
		return placing.Request{}, badBody(fmt.Sprintf("The body is not valid UTF-8 from byte %d on.", validPrefix(body)))
	}
	decoder := takeDecoder(body)
	defer decoders.Put(decoder)
	if kind := decoder.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return placing.Request{}, badBody("The body is " + nameOf(kind) + "; it must be a JSON object such as " + example + ".")
	}
	f, err := readFields(decoder)
	if err != nil {
		return placing.Request{}, badBody(explain(err))
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return placing.Request{}, badBody("The body has something behind the JSON object; it must be one object and nothing more.")
	}
	return f.order()
}

// decoders are used again: to make one costs as much as to read an order.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// takeDecoder gives a decoder of the body; whoever takes it puts it back into decoders.
func takeDecoder(body []byte) *jsontext.Decoder {
	decoder, _ := decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(body))
	return decoder
}

// readFields reads the object. Its errors are about the JSON as such.
func readFields(decoder *jsontext.Decoder) (fields, error) {
	var f fields
	if _, err := decoder.ReadToken(); err != nil {
		return f, err
	}
	for {
		token, err := decoder.ReadToken()
		if err != nil || token.Kind() == jsontext.KindEndObject {
			return f, err
		}
		member := token.String()
		value, err := readValue(decoder)
		if err != nil {
			return f, err
		}
		f.set(member, value)
	}
}

// value is what a member holds; the text only when it is a string.
type value struct {
	kind jsontext.Kind
	text string
}

// readValue reads over what is no string, down to the depth that is allowed.
func readValue(decoder *jsontext.Decoder) (value, error) {
	v := value{kind: decoder.PeekKind()}
	level := decoder.StackDepth()
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return v, err
		}
		if decoder.StackDepth() > maxDepth {
			return v, errTooDeep
		}
		if v.kind == jsontext.KindString {
			v.text = token.String()
		}
		if decoder.StackDepth() == level {
			return v, nil
		}
	}
}

// explain says what is wrong with the JSON, and where.
func explain(err error) string {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errTooDeep):
		return fmt.Sprintf("The body is nested deeper than %d levels.", maxDepth)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "The body is not complete: the JSON ends too early."
	case !errors.As(err, &syntax):
		return "The body is not valid JSON."
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Sprintf("The body has the member %q twice.", syntax.JSONPointer.LastToken())
	default:
		return fmt.Sprintf("The body is not valid JSON: %s at byte %d.", syntax.Err, syntax.ByteOffset)
	}
}

// nameOf names a kind of value in a sentence.
func nameOf(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginArray, jsontext.KindEndArray:
		return "an array"
	case jsontext.KindBeginObject, jsontext.KindEndObject, jsontext.KindInvalid:
		return "an object"
	default:
		return kind.String()
	}
}

func validPrefix(body []byte) int {
	at := 0
	for at < len(body) {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return at
}
