//! What scenes may say, and what they come to: the numbers of motion, and the HTML that is drawn.

use crate::support::{file_path, get, post};
use image::{Rgba, RgbaImage};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// The frame of a scene of 100 by 20 with ten frames a second, whose body is this.
async fn frame(emulator: &Emulator, code: &str, frame: u32) -> Result<RgbaImage, Value> {
    let tsx = format!(
        "import React, {{useMemo, useState, useContext, createContext, memo, forwardRef, Component}} from 'react';
        import {{AbsoluteFill, Sequence, Series, Loop, Freeze, Img, Audio, Easing, interpolate, interpolateColors, spring,
            measureSpring, random, useCurrentFrame, useVideoConfig}} from 'remotion';
        import {{z}} from 'zod';
        export const schema = z.object({{text: z.string().default('x')}});
        const Bar = ({{width, color = '#ff0000'}}) => <div style={{{{width, height: 20, background: color}}}} />;
        {code}"
    );
    let body =
        json!({"name": "x", "kind": "tsx", "tsx": tsx, "width": 100, "height": 20, "fps": 10, "durationInFrames": 60});
    let created = post(emulator, "/video/templates", &body).await.json();
    let Some(uid) = created["template"]["uid"].as_str() else { return Err(created) };
    let answer = post(emulator, &format!("/video/templates/{uid}/preview"), &json!({"frame": frame})).await;
    if answer.status != 200 {
        return Err(answer.json());
    }
    let file = get(emulator, &file_path(emulator, &answer)).await;
    Ok(image::load_from_memory(&file.body).unwrap().to_rgba8())
}

fn width(picture: &RgbaImage) -> usize {
    (0..100).filter(|x| *picture.get_pixel(*x, 10) == Rgba([255, 0, 0, 255])).count()
}

/// How wide the red bar is that code draws whose expression of the frame `f` this is.
async fn number(emulator: &Emulator, expression: &str, at: u32) -> Result<usize, Value> {
    let code =
        format!("export default () => {{ const f = useCurrentFrame(); return <Bar width={{{expression}}} />; }};");
    Ok(width(&frame(emulator, &code, at).await?))
}

#[tokio::test]
async fn numbers_follow_the_frame() {
    let emulator = Emulator::start().await.unwrap();
    for (expression, at, expected) in [
        ("interpolate(f, [0, 10], [0, 50])", 5, 25),
        ("interpolate(f, [0, 10], [0, 50])", 20, 100),
        ("interpolate(f, [0, 10], [0, 50], {extrapolateRight: 'clamp'})", 20, 50),
        ("interpolate(f, [10, 20], [50, 90], {extrapolateLeft: 'clamp'})", 0, 50),
        ("interpolate(f, [10, 20], [50, 90], {extrapolateRight: 'identity'})", 30, 30),
        ("interpolate(f, [0, 10], [0, 50], {extrapolateRight: 'wrap'})", 12, 10),
        ("interpolate(f, [0, 10, 20], [0, 80, 20])", 15, 50),
        ("interpolate(f, [0, 10], [20, 20])", 5, 20),
        ("interpolate(f, [0, 10], [0, 100], {easing: Easing.quad})", 5, 25),
        ("interpolate(f, [0, 10], [0, 100], {easing: Easing.out(Easing.quad)})", 5, 75),
        ("interpolate(f, [0, 10], [0, 100], {easing: Easing.inOut(Easing.cubic)})", 5, 50),
        ("interpolate(f, [0, 10], [0, 100], {easing: Easing.bezier(0, 0, 1, 1)})", 4, 40),
        ("interpolate(f, [0, 10], [0, 100], {easing: Easing.bounce})", 10, 100),
        // A spring begins at rest, passes its end, and comes back to it.
        ("spring({frame: 0, fps: 10}) * 50", 0, 0),
        ("spring({frame: 3, fps: 10}) * 50", 0, 56),
        ("spring({frame: 60, fps: 10, from: 10, to: 90})", 0, 90),
        ("spring({frame: 30, fps: 10, delay: 30}) * 50", 0, 0),
        ("spring({frame: 3, fps: 10, config: {overshootClamping: true}}) * 50", 0, 50),
        (
            "Math.max(...[...Array(60).keys()].map((frame) => spring({frame, fps: 10, config: {damping: 200}}))) * 50.01",
            0,
            50,
        ),
        ("Math.round(spring({frame: 20, fps: 10, durationInFrames: 20, to: 80}))", 0, 80),
        ("Math.round(spring({frame: 0, fps: 10, reverse: true, to: 80}))", 0, 80),
        ("measureSpring({fps: 10, config: {damping: 10}})", 0, 10),
        ("random('seed') === random('seed') && random('seed') !== random('other') && random(1) < 1 ? 7 : 0", 0, 7),
        ("(1234567.5).toLocaleString() === '1,234,567.5' && (999).toLocaleString() === '999' ? 7 : 0", 0, 7),
        ("(0.5).toLocaleString('en-US', {minimumFractionDigits: 2}) === '0.50' ? 7 : 0", 0, 7),
        ("useVideoConfig().durationInFrames + useVideoConfig().fps", 0, 70),
    ] {
        assert_eq!(number(&emulator, expression, at).await, Ok(expected), "{expression} at {at}");
    }
    for (expression, message) in [
        ("interpolate(f, [0, 0], [0, 1])", "TypeError: interpolate: the input range must rise, not be 0, 0"),
        ("interpolate(f, [0], [0])", "TypeError: interpolate: a range needs at least two numbers"),
        ("interpolate('1', [0, 1], [0, 1])", "TypeError: interpolate: the input is string, not a number"),
        ("nothing.of.this", "ReferenceError: nothing is not defined"),
    ] {
        assert_eq!(number(&emulator, expression, 0).await, Err(json!({"errors": [message]})), "{expression}");
    }
}

#[tokio::test]
async fn parts_are_shown_in_their_time() {
    let emulator = Emulator::start().await.unwrap();
    let grow = "const Grow = () => <Bar width={useCurrentFrame() + 1} />;";
    for (what, drawn, widths) in [
        (
            "a sequence",
            "<Sequence from={10} durationInFrames={5}><Grow /></Sequence>",
            [(9, 0), (10, 1), (14, 5), (15, 0)],
        ),
        (
            "one in another",
            "<Sequence from={10}><Sequence from={5}><Grow /></Sequence></Sequence>",
            [(14, 0), (15, 1), (16, 2), (20, 6)],
        ),
        (
            "a series",
            "<Series><Series.Sequence durationInFrames={10}><Grow /></Series.Sequence>
            <><Series.Sequence offset={2} durationInFrames={10}><Bar width={50} /></Series.Sequence></></Series>",
            [(9, 10), (11, 0), (12, 50), (22, 0)],
        ),
        ("a loop", "<Loop durationInFrames={4} times={2}><Grow /></Loop>", [(3, 4), (4, 1), (7, 4), (8, 0)]),
        ("a loop without end", "<Loop durationInFrames={4}><Grow /></Loop>", [(0, 1), (5, 2), (40, 1), (43, 4)]),
        ("what is frozen", "<Freeze frame={7}><Grow /></Freeze>", [(0, 8), (7, 8), (30, 8), (59, 8)]),
        ("a fill", "<AbsoluteFill style={{backgroundColor: '#ff0000'}} />", [(0, 100), (1, 100), (2, 100), (59, 100)]),
    ] {
        let code = format!("{grow} export default () => {drawn};");
        for (at, expected) in widths {
            let picture = frame(&emulator, &code, at).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(width(&picture), expected, "{what} at {at}");
        }
    }
}

#[tokio::test]
async fn components_are_those_of_react() {
    let emulator = Emulator::start().await.unwrap();
    for (what, code) in [
        ("a fragment", "export default () => <><Bar width={10} />{null}{false}{undefined}</>;"),
        ("a list", "export default () => [5, 0, -1].filter((x) => x > 0).map((x) => <Bar key={x} width={2 * x} />);"),
        ("state", "export default () => { const [width] = useState(() => 10); return <Bar width={width} />; };"),
        ("a memo", "const B = memo(Bar); export default () => <B width={useMemo(() => 10, [])} />;"),
        (
            "a reference",
            "const B = forwardRef((props, ref) => <Bar {...props} />); export default () => <B width={10} />;",
        ),
        (
            "a context",
            "const W = createContext(1); const B = () => <Bar width={useContext(W)} />;
            export default () => <W.Provider value={10}><B /></W.Provider>;",
        ),
        (
            "a class",
            "class B extends Component<{n: number}> { render() { return <Bar width={this.props.n} />; } } export default () => <B n={10} />;",
        ),
        ("createElement", "export default () => React.createElement(Bar, {width: 10});"),
        (
            "children",
            "const Box = ({children}) => <div>{children}</div>; export default () => <Box><Bar width={10} /></Box>;",
        ),
        (
            "a style sheet",
            "export default () => <><style>{'p > i { display: block; width: 10px; height: 20px; background: #ff0000 }'}</style><p style={{margin: 0}}><i /></p></>;",
        ),
        (
            "a drawing",
            "export default () => <svg width={100} height={20}><path d='M5 0V20' strokeWidth={10} stroke='#ff0000' /></svg>;",
        ),
        ("a sound", "export default () => <><Audio src='a.mp3' /><Bar width={10} /></>;"),
        (
            "types",
            "type W = {n: number}; const n = (10 as unknown) as number; enum E { A = 10 } export default () => <Bar width={(E.A satisfies number) && n!} />;",
        ),
        (
            "mixed colours",
            "export default () => <Bar width={10} color={interpolateColors(5, [0, 5], ['#000', 'rgb(255, 0, 0)'])} />;",
        ),
    ] {
        let picture = frame(&emulator, code, 0).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(width(&picture), 10, "{what}");
    }
    for (code, message) in [
        ("export default () => ({a: 1});", "TypeError: A scene cannot show an object with the keys a"),
        ("export default () => () => 1;", "TypeError: A scene cannot show a function"),
        ("export default () => <b>{NaN.a.b}</b>;", "TypeError: cannot read property 'b' of undefined"),
        ("const B = {}; export default () => <B.C />;", "TypeError: A component is undefined, not a function"),
        ("export default () => React.createElement('b><script>');", "TypeError: b><script> is no name of an element"),
        ("export default () => <b {...{'x onload=': 1}} />;", "TypeError: x onload= is no name of an attribute"),
    ] {
        assert_eq!(frame(&emulator, code, 0).await.err(), Some(json!({"errors": [message]})), "{code}");
    }
}

#[tokio::test]
async fn texts_are_no_markup() {
    let emulator = Emulator::start().await.unwrap();
    let inject = "<div style=\\\"width:100px;height:20px;background:red\\\"></div>";
    for code in [
        format!("export default () => <p>{{\"{inject}\"}}</p>;"),
        format!("export default () => <p title={{\"\\\">{inject}\"}}>.</p>;"),
        format!("export default () => <p style={{{{color: \"\\\">{inject}\"}}}}>.</p>;"),
    ] {
        assert_eq!(frame(&emulator, &code, 0).await.map(|picture| width(&picture)), Ok(0), "{code}");
    }
    let meant = format!(
        "export default () => <p style={{{{margin: 0}}}} dangerouslySetInnerHTML={{{{__html: \"{inject}\"}}}} />;"
    );
    assert_eq!(frame(&emulator, &meant, 0).await.map(|picture| width(&picture)), Ok(100));
}
