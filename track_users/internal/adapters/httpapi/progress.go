package httpapi

import (
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"ordertrack/track_users/internal/domain"
)

// progressBody is how far everything is, as the sender reads it.
type progressBody struct {
	At         time.Time       `json:"at"`
	Marks      []markBody      `json:"marks"`
	Partitions []partitionBody `json:"partitions"`
}

// markBody says that a lane is applied up to a sequence number.
type markBody struct {
	Source  string `json:"source"`
	Lane    int    `json:"lane"`
	Applied int64  `json:"applied"`
}

// partitionBody says that a partition is read up to, but not including, an offset.
type partitionBody struct {
	Topic      string    `json:"topic"`
	TopicID    string    `json:"topic_id"`
	Partition  int32     `json:"partition"`
	NextOffset int64     `json:"next_offset"`
	At         time.Time `json:"at"`
}

// GetProgress answers with how far everything is.
func (h handler) GetProgress(c *gin.Context) {
	progress, err := h.reporter.Progress(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	h.answer(c, toProgressBody(progress))
}

func toProgressBody(p domain.Progress) progressBody {
	body := progressBody{
		At: p.At.UTC(), Marks: make([]markBody, len(p.Marks)), Partitions: make([]partitionBody, len(p.Positions)),
	}
	for i, mark := range p.Marks {
		body.Marks[i] = markBody{Source: mark.Lane.Source, Lane: mark.Lane.Number, Applied: mark.Applied}
	}
	for i, position := range p.Positions {
		body.Partitions[i] = partitionBody{
			Topic: position.Stream.Topic, TopicID: uuid.UUID(position.Stream.TopicID).String(),
			Partition: position.Stream.Partition, NextOffset: position.Next, At: position.At.UTC(),
		}
	}
	return body
}
