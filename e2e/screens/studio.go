package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// studio is a browser in front of a demonstration.
type studio struct {
	browser context.Context
	demo    string // address
	to      string // directory of the pictures
}

// all takes every picture, in the order of the story.
func (s studio) all() error {
	for _, scene := range []func() error{s.choice, s.talk, s.console, s.limited} {
		if err := scene(); err != nil {
			return err
		}
	}
	return nil
}

func (s studio) do(actions ...chromedp.Action) error { return chromedp.Run(s.browser, actions...) }

func (s studio) clock(to string) error {
	return post(s.browser, s.demo+"/demo/clock", `{"to":"`+to+`"}`)
}

func screen(width, height int64, scale float64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, height, scale, width < 700)
}

// says has somebody write a message to the other one.
func says(person, text string) chromedp.Action {
	input := "#phone-" + person + " [name=body]"
	return chromedp.Tasks{chromedp.WaitVisible(input), chromedp.SendKeys(input, text+kb.Enter), chromedp.Poll(`document.querySelector("`+input+`").value === ""`, nil)}
}

// choice is what somebody sees who opens the page from their phone, above all
// and at its end.
func (s studio) choice() error {
	if err := s.clock("2021-05-08T09:00:00Z"); err != nil {
		return err
	}
	err := s.do(screen(390, 844, 2), chromedp.Navigate(s.demo), chromedp.Click(`form[action="/demo/person"] button`), chromedp.WaitVisible("form.choose"),
		chromedp.Navigate(s.demo+"/t/new-terms-2021?lang=en"), chromedp.WaitVisible("form.choose"), s.shoot("choice-390.png"),
		chromedp.Evaluate(`document.querySelector("form.choose").scrollIntoView({block: "end", behavior: "instant"}); scrollBy({top: 24, behavior: "instant"})`, nil), s.shoot("choice-buttons-390.png"))
	if err != nil {
		return err
	}
	return s.do(screen(1440, 900, 1), chromedp.Navigate(s.demo+"/t/new-terms-2021?lang=en"), chromedp.WaitVisible("form.choose"), s.shoot("choice-1440.png"))
}

// talk gives the two phones something to show.
func (s studio) talk() error {
	if err := s.clock("2021-06-05T17:40:00Z"); err != nil {
		return err
	}
	return s.do(screen(1440, 900, 1), chromedp.Navigate(s.demo+"/messenger"), chromedp.WaitVisible("#phone-ben.live [data-part=list]"),
		chromedp.Click("#phone-ana .chats button"), says("ana", "Are we still on for Saturday?"),
		chromedp.Click("#phone-ben .chats button"), says("ben", "Yes! Ten o’clock at the harbour."), says("ana", "I’ll bring the coffee."))
}

// console is the campaign while people lose the first features.
func (s studio) console() error {
	if err := s.clock("2021-06-27T16:00:00Z"); err != nil {
		return err
	}
	return s.do(screen(1440, 900, 1), chromedp.Navigate(s.demo+"/staff"), chromedp.Click(`form[action="/demo/staff"] button`), chromedp.WaitVisible(".side .who"),
		chromedp.Navigate(s.demo+"/staff/campaigns/new-terms-2021"), chromedp.WaitVisible(".stats"), s.shoot("console-1440.png"))
}

// limited is the messenger when Ana, who has not chosen, is at the stage that
// takes the chat list, and Ben writes to her.
func (s studio) limited() error {
	if err := s.clock("2021-07-04T09:00:00Z"); err != nil {
		return err
	}
	return s.do(screen(1440, 900, 1), chromedp.Navigate(s.demo+"/messenger"), chromedp.WaitVisible("#phone-ana.live .locked"),
		chromedp.WaitVisible("#phone-ben.live [data-part=list]"), chromedp.Click("#phone-ben .chats button"), says("ben", "Where are you? The coffee is getting cold."),
		chromedp.WaitVisible("#phone-ana .toast"), s.shoot("messenger-1440.png"))
}

// shoot writes what the window shows as a PNG with a palette.
func (s studio) shoot(name string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		shot, err := page.CaptureScreenshot().Do(ctx)
		if err != nil {
			return err
		}
		small, err := compress(shot)
		if err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		return os.WriteFile(filepath.Join(s.to, name), small, 0o644) //nolint:gosec // for everybody to see
	})
}

// compress keeps the 256 colours that are there most often and gives every
// other pixel the nearest of them. Pages have few colours, so that what is lost
// is a shade at the edge of a letter.
func compress(shot []byte) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count, bounds := map[color.RGBA]int{}, from.Bounds()
	each := func(visit func(x, y int, c color.RGBA)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				c, _ := color.RGBAModel.Convert(from.At(x, y)).(color.RGBA)
				visit(x, y, c)
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { count[c]++ })
	colours := make([]color.RGBA, 0, len(count))
	for c := range count {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return count[b] - count[a] })
	var palette color.Palette
	for _, c := range colours[:min(256, len(colours))] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for _, c := range colours {
		nearest[c] = uint8(palette.Index(c)) // a palette has at most 256 colours
	}
	to := image.NewPaletted(bounds, palette)
	each(func(x, y int, c color.RGBA) { to.SetColorIndex(x, y, nearest[c]) })
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&out, to)
	return out.Bytes(), err
}
