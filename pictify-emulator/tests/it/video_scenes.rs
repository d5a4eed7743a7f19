//! Modules that scenes can import: animation functions, timing components and rendered HTML.

use crate::support::{file_path, get, post};
use image::{Rgba, RgbaImage};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// Renders a frame of a scene with this code, of 100 by 20 pixels and with ten frames a second.
async fn render_frame(emulator: &Emulator, code: &str, frame: u32) -> Result<RgbaImage, Value> {
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
    let response = post(emulator, &format!("/video/templates/{uid}/preview"), &json!({"frame": frame})).await;
    if response.status != 200 {
        return Err(response.json());
    }
    let file = get(emulator, &file_path(emulator, &response)).await;
    Ok(image::load_from_memory(&file.body).unwrap().to_rgba8())
}

fn bar_width(image: &RgbaImage) -> usize {
    (0..100).filter(|x| *image.get_pixel(*x, 10) == Rgba([255, 0, 0, 255])).count()
}

/// Evaluates an expression of the frame `f`: renders a red bar with this width, and measures it.
async fn evaluate(emulator: &Emulator, expression: &str, at: u32) -> Result<usize, Value> {
    let code =
        format!("export default () => {{ const f = useCurrentFrame(); return <Bar width={{{expression}}} />; }};");
    Ok(bar_width(&render_frame(emulator, &code, at).await?))
}

#[tokio::test]
async fn animation_functions_depend_on_the_frame() {
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
        // A spring starts at rest, overshoots its target, and returns to it.
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
        assert_eq!(evaluate(&emulator, expression, at).await, Ok(expected), "{expression} at {at}");
    }
    for (expression, message) in [
        ("interpolate(f, [0, 0], [0, 1])", "TypeError: interpolate: the input range must rise, not be 0, 0"),
        ("interpolate(f, [0], [0])", "TypeError: interpolate: a range needs at least two numbers"),
        ("interpolate('1', [0, 1], [0, 1])", "TypeError: interpolate: the input is string, not a number"),
        ("nothing.of.this", "ReferenceError: nothing is not defined"),
    ] {
        assert_eq!(evaluate(&emulator, expression, 0).await, Err(json!({"errors": [message]})), "{expression}");
    }
}

#[tokio::test]
async fn timing_components_show_their_content_in_time() {
    let emulator = Emulator::start().await.unwrap();
    let grow = "const Grow = () => <Bar width={useCurrentFrame() + 1} />;";
    for (name, content, widths) in [
        (
            "a sequence",
            "<Sequence from={10} durationInFrames={5}><Grow /></Sequence>",
            [(9, 0), (10, 1), (14, 5), (15, 0)],
        ),
        (
            "a nested sequence",
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
        ("a frozen frame", "<Freeze frame={7}><Grow /></Freeze>", [(0, 8), (7, 8), (30, 8), (59, 8)]),
        ("a fill", "<AbsoluteFill style={{backgroundColor: '#ff0000'}} />", [(0, 100), (1, 100), (2, 100), (59, 100)]),
    ] {
        let code = format!("{grow} export default () => {content};");
        for (at, expected) in widths {
            let image = render_frame(&emulator, &code, at).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(bar_width(&image), expected, "{name} at {at}");
        }
    }
}

#[tokio::test]
async fn components_work_as_in_react() {
    let emulator = Emulator::start().await.unwrap();
    for (name, code) in [
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
        let image = render_frame(&emulator, code, 0).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bar_width(&image), 10, "{name}");
    }
    for (code, message) in [
        ("export default () => ({a: 1});", "TypeError: A scene cannot render an object with the keys a"),
        ("export default () => () => 1;", "TypeError: A scene cannot render a function"),
        ("export default () => <b>{NaN.a.b}</b>;", "TypeError: cannot read property 'b' of undefined"),
        ("const B = {}; export default () => <B.C />;", "TypeError: A component is undefined, not a function"),
        (
            "export default () => React.createElement('b><script>');",
            "TypeError: b><script> is not a valid element name",
        ),
        ("export default () => <b {...{'x onload=': 1}} />;", "TypeError: x onload= is not a valid attribute name"),
    ] {
        assert_eq!(render_frame(&emulator, code, 0).await.err(), Some(json!({"errors": [message]})), "{code}");
    }
}

#[tokio::test]
async fn text_is_escaped() {
    let emulator = Emulator::start().await.unwrap();
    let inject = "<div style=\\\"width:100px;height:20px;background:red\\\"></div>";
    for code in [
        format!("export default () => <p>{{\"{inject}\"}}</p>;"),
        format!("export default () => <p title={{\"\\\">{inject}\"}}>.</p>;"),
        format!("export default () => <p style={{{{color: \"\\\">{inject}\"}}}}>.</p>;"),
    ] {
        assert_eq!(render_frame(&emulator, &code, 0).await.map(|image| bar_width(&image)), Ok(0), "{code}");
    }
    let unescaped = format!(
        "export default () => <p style={{{{margin: 0}}}} dangerouslySetInnerHTML={{{{__html: \"{inject}\"}}}} />;"
    );
    assert_eq!(render_frame(&emulator, &unescaped, 0).await.map(|image| bar_width(&image)), Ok(100));
}
