package cloudwatch

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

type statisticSet struct {
	SampleCount, Sum, Minimum, Maximum *float64
}

type datum struct {
	MetricName        string
	Dimensions        []Dimension
	Timestamp         *time.Time
	Value             *float64
	Values, Counts    []float64
	StatisticValues   *statisticSet
	Unit              string
	StorageResolution *int
}

type putMetricDataIn struct {
	Namespace  string
	MetricData []datum
}

// The limits of PutMetricData.
const (
	maxData       = 1000
	maxValues     = 150
	maxDimensions = 30
	maxAge        = 14 * 24 * time.Hour
	maxAhead      = 2 * time.Hour
	maxName       = 255
)

// noUnit is the unit of data that came without one.
const noUnit = "None"

func units() []string {
	sizes := []string{"Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Count"}
	all := []string{"Seconds", "Microseconds", "Milliseconds", "Percent", noUnit}
	for _, size := range sizes {
		all = append(all, size, size+"/Second")
	}
	return all
}

func (s *Service) putMetricData(in putMetricDataIn) (any, error) {
	switch {
	case in.Namespace == "":
		return nil, missing("Namespace")
	case strings.HasPrefix(in.Namespace, "AWS/"):
		return nil, badValue("The value AWS/ for parameter Namespace is invalid.")
	case len(in.Namespace) > maxName || strings.HasPrefix(in.Namespace, ":"):
		return nil, badValue("The value %s for parameter Namespace is invalid.", in.Namespace)
	case len(in.MetricData) == 0:
		return nil, missing("MetricData")
	case len(in.MetricData) > maxData:
		return nil, invalid("The collection MetricData must not have a size greater than %d.", maxData)
	}
	data := make([]dataset, len(in.MetricData))
	for i := range in.MetricData {
		d := &in.MetricData[i]
		at := "MetricData.member." + strconv.Itoa(i+1)
		if err := s.checkDatum(at, d); err != nil {
			return nil, err
		}
		var err error
		if data[i], err = d.dataset(at); err != nil {
			return nil, err
		}
	}
	for i := range in.MetricData {
		s.keep(in.Namespace, &in.MetricData[i], data[i])
	}
	return nil, nil
}

func (s *Service) keep(namespace string, d *datum, data dataset) {
	m := s.metric(namespace, d.MetricName, d.Dimensions...)
	resolution := s.opts.Resolution
	if d.StorageResolution != nil && *d.StorageResolution == 1 {
		resolution = time.Second
		m.resolution = resolution
	}
	at := s.now()
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	s.put(m, floor(at, resolution), cmp.Or(d.Unit, noUnit), data)
}

func (s *Service) checkDatum(at string, d *datum) error {
	if d.MetricName == "" {
		return missing(at + ".MetricName")
	}
	if len(d.MetricName) > maxName {
		return badValue("The parameter %s.MetricName must be shorter than 256 characters.", at)
	}
	if err := checkDimensions(at, d.Dimensions); err != nil {
		return err
	}
	if d.Unit != "" && !slices.Contains(units(), d.Unit) {
		return badValue("The value %s for parameter %s.Unit is invalid.", d.Unit, at)
	}
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		return badValue("The value %d for parameter %s.StorageResolution is not supported.", *r, at)
	}
	if d.Timestamp == nil {
		return nil
	}
	return s.checkTime(at, *d.Timestamp)
}

func (s *Service) checkTime(at string, t time.Time) error {
	if age := s.now().Sub(t); age > maxAge || age < -maxAhead {
		return badValue("The parameter %s.Timestamp must specify a time no more than two weeks in the past and two hours in the future.", at)
	}
	return nil
}

func checkDimensions(at string, dimensions []Dimension) error {
	if len(dimensions) > maxDimensions {
		return badValue("The collection %s.Dimensions must not have a size greater than %d.", at, maxDimensions)
	}
	seen := map[string]bool{}
	for i, d := range dimensions {
		path := at + ".Dimensions.member." + strconv.Itoa(i+1)
		switch {
		case d.Name == "" || d.Value == "":
			return badValue("The parameters %s.Name and Value must not be empty.", path)
		case len(d.Name) > maxName || len(d.Value) > 1024 || strings.HasPrefix(d.Name, ":"):
			return badValue("The value %s for parameter %s.Name is invalid.", d.Name, path)
		case seen[d.Name]:
			return badValue("The dimension %s is given more than once in %s.Dimensions.", d.Name, at)
		}
		seen[d.Name] = true
	}
	return nil
}

// dataset reads the values: a single one, several with their counts or a
// statistic set. Only a single value excludes the others; CloudWatch takes
// several with a statistic set, of which the set counts here.
func (d *datum) dataset(at string) (dataset, error) {
	if d.Value != nil {
		for _, other := range []struct {
			name  string
			there bool
		}{{"Values", len(d.Values) > 0}, {"StatisticValues", d.StatisticValues != nil}} {
			if other.there {
				return dataset{}, badCombination("The parameters %[1]s.Value and %[1]s.%[2]s are mutually exclusive and you have specified both.", at, other.name)
			}
		}
	}
	switch {
	case d.Value == nil && len(d.Values) == 0 && d.StatisticValues == nil:
		return dataset{}, badCombination("At least one of the parameters %s.Value, Values and StatisticValues must be specified.", at)
	case d.StatisticValues != nil:
		return d.StatisticValues.dataset(at)
	case d.Value != nil:
		return valuesOf(at, []float64{*d.Value}, nil)
	default:
		return valuesOf(at, d.Values, d.Counts)
	}
}

// valuesOf counts each value once, or as often as counts says.
func valuesOf(at string, values, counts []float64) (dataset, error) {
	var data dataset
	if len(counts) > 0 && len(counts) != len(values) {
		return data, badValue("The parameters %[1]s.Values and %[1]s.Counts must be of the same size.", at)
	}
	if len(values) > maxValues {
		return data, badValue("The collection %s.Values must not have a size greater than %d.", at, maxValues)
	}
	for i, value := range values {
		count := 1.0
		if len(counts) > 0 {
			count = counts[i]
		}
		if !fits(value) || !fits(count) || count <= 0 {
			return data, badValue("The value %v for parameter %s.Value is invalid.", value, at)
		}
		data.add(value, count)
	}
	return data, nil
}

func (set *statisticSet) dataset(at string) (dataset, error) {
	for _, p := range []*float64{set.SampleCount, set.Sum, set.Minimum, set.Maximum} {
		if p == nil {
			return dataset{}, missing(at + ".StatisticValues")
		}
		if !fits(*p) {
			return dataset{}, badValue("The value %v for parameter %s.StatisticValues is invalid.", *p, at)
		}
	}
	if *set.SampleCount <= 0 || *set.Minimum > *set.Maximum {
		return dataset{}, badValue("The parameter %s.StatisticValues is invalid.", at)
	}
	return dataset{count: *set.SampleCount, sum: *set.Sum, min: *set.Minimum, max: *set.Maximum, opaque: true}, nil
}

// fits tells whether CloudWatch can hold a value.
func fits(value float64) bool {
	return !math.IsNaN(value) && math.Abs(value) <= math.Exp2(360)
}
