package tallying

// Decode shows a step of the tally.
var Decode = decode
