package httpapi

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/shared/httpapi"
)

const (
	fieldOrders = "orders"
	aBatch      = "1 to 1000 orders"

	// maxFaults is how many fields at fault are told of a batch; an answer stays small whatever was sent.
	maxFaults = 100
)

// batch is what was read of a body: the orders, and what is wrong with them.
type batch struct {
	requests []placing.Request
	given    bool
	count    int
	faults   []httpapi.FieldError
}

// decodeBatch reads the body of a batch as strictly as decodeOrder reads that of one order.
func decodeBatch(body []byte) ([]placing.Request, *httpapi.Problem) {
	if !utf8.Valid(body) {
		return nil, badBody(fmt.Sprintf("The body is not valid UTF-8 from byte %d on.", validPrefix(body)))
	}
	decoder := takeDecoder(body)
	defer decoders.Put(decoder)
	if kind := decoder.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return nil, badBody("The body is " + nameOf(kind) + `; it must be a JSON object such as {"orders":[` + example + `]}.`)
	}
	var b batch
	if err := b.read(decoder); err != nil {
		return nil, badBody(explain(err))
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, badBody("The body has something behind the JSON object; it must be one object and nothing more.")
	}
	switch {
	case !b.given:
		b.fault(httpapi.FieldError{Field: fieldOrders, Limit: "required", Detail: "The orders are missing."})
	case b.count == 0 && len(b.faults) == 0:
		b.fault(httpapi.FieldError{Field: fieldOrders, Limit: aBatch, Detail: "There are no orders."})
	case b.count > maxBatch:
		b.faults = []httpapi.FieldError{{Field: fieldOrders, Limit: aBatch, Detail: fmt.Sprintf("There are %d orders.", b.count)}}
	}
	if len(b.faults) > 0 {
		return nil, badFields(b.faults)
	}
	return b.requests, nil
}

func (b *batch) fault(errs ...httpapi.FieldError) {
	b.faults = append(b.faults, errs[:min(len(errs), maxFaults-len(b.faults))]...)
}

// read reads the object. Its errors are about the JSON as such.
func (b *batch) read(decoder *jsontext.Decoder) error {
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for {
		token, err := decoder.ReadToken()
		if err != nil || token.Kind() == jsontext.KindEndObject {
			return err
		}
		member := token.String()
		switch kind := decoder.PeekKind(); {
		case member == fieldOrders && kind == jsontext.KindBeginArray:
			b.given = true
			err = b.readOrders(decoder)
		case member == fieldOrders:
			b.given = true
			b.fault(httpapi.FieldError{
				Field: fieldOrders, Limit: "an array of orders", Detail: "The orders are " + nameOf(kind) + "; they must be an array.",
			})
			_, err = readValue(decoder)
		default:
			b.fault(httpapi.FieldError{
				Field: fmt.Sprintf("%.100s", member), Limit: "orders only", Detail: fmt.Sprintf("A batch has no field %.100q.", member),
			})
			_, err = readValue(decoder)
		}
		if err != nil {
			return err
		}
	}
}

func (b *batch) readOrders(decoder *jsontext.Decoder) error {
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() != jsontext.KindEndArray {
		if err := b.readOrder(decoder); err != nil {
			return err
		}
		b.count++
	}
	_, err := decoder.ReadToken()
	return err
}

// readOrder reads over what is more than a batch may have.
func (b *batch) readOrder(decoder *jsontext.Decoder) error {
	index := b.count
	if kind := decoder.PeekKind(); kind != jsontext.KindBeginObject || index >= maxBatch {
		if kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
			b.fault(httpapi.FieldError{
				Index: &index, Field: fieldOrders, Limit: "an object", Detail: "The order is " + nameOf(kind) + "; it must be an object.",
			})
		}
		_, err := readValue(decoder)
		return err
	}
	f, err := readFields(decoder)
	if err != nil {
		return err
	}
	request, problem := f.order()
	if problem == nil {
		b.requests = append(b.requests, request)
		return nil
	}
	for i := range problem.Errors {
		problem.Errors[i].Index = &index
	}
	b.fault(problem.Errors...)
	return nil
}
