import {z} from 'zod';
import {AbsoluteFill, interpolate, useCurrentFrame} from 'remotion';

export const schema = z.object({
  title: z.string().max(40).default('Episode 12'),
  subtitle: z.string().default('Lists of 100,000 renders'),
  accent: z.string().default('#f59e0b'),
});

export default function Title({title, subtitle, accent}) {
  const frame = useCurrentFrame();
  const width = interpolate(frame, [0, 12], [0, 220], {extrapolateRight: 'clamp'});
  const opacity = interpolate(frame, [6, 16], [0, 1], {extrapolateLeft: 'clamp', extrapolateRight: 'clamp'});
  return (
    <AbsoluteFill style={{background: '#0f172a', color: 'white', padding: 56, justifyContent: 'center', fontFamily: 'sans-serif'}}>
      <div style={{width, height: 10, borderRadius: 5, background: accent}} />
      <div style={{fontSize: 64, fontWeight: 700, marginTop: 24}}>{title}</div>
      <div style={{fontSize: 28, opacity, marginTop: 12}}>{subtitle}</div>
    </AbsoluteFill>
  );
}
