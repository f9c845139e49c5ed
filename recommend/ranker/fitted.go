package ranker

var fitted [size]float32
