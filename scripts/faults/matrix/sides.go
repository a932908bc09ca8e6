package matrix

import (
	"fmt"
	"slices"

	"ordertrack/scripts/faults/stack"
)

// eachSide makes cells for the one side and for the other.
func eachSide(cells func(stack.Side) []Cell) []Cell {
	return slices.Concat(cells(stack.OrdersSide), cells(stack.TrackSide))
}

// ofSide completes cells whose names lack the side, and whose words lack what is hit.
func ofSide(side stack.Side, needs stack.Needs, cells ...Cell) []Cell {
	for i := range cells {
		cells[i].Name = side.String() + "-" + cells[i].Name
		cells[i].Does = fmt.Sprintf(cells[i].Does, "the PostgreSQL of "+side.Service())
		cells[i].Needs = needs
	}
	return cells
}
