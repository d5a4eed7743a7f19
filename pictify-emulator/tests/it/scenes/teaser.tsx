import React from 'react';
import {AbsoluteFill, Sequence, Series, interpolate, spring, useCurrentFrame, useVideoConfig, Easing} from 'remotion';
import {zColor} from '@remotion/zod-types';
import {loadFont} from '@remotion/google-fonts/Inter';
import {z} from 'zod';

const {fontFamily} = loadFont();

export const schema = z.object({
  title: z.string().min(1).max(40).default('Hello, Rust').describe('The large line'),
  accent: zColor().default('#ff5533'),
  points: z.array(z.string()).default(['Fast', 'Safe', 'Offline']),
  year: z.number().int().default(2026),
  bold: z.boolean().default(true),
  footer: z.string().optional(),
});

type Props = z.infer<typeof schema>;

const Point: React.FC<{text: string; index: number; accent: string}> = ({text, index, accent}) => {
  const frame = useCurrentFrame();
  const {fps} = useVideoConfig();
  const x = spring({frame: frame - index * 4, fps, config: {damping: 14}});
  return (
    <div style={{transform: `translateX(${(1 - x) * -300}px)`, opacity: x, display: 'flex', alignItems: 'center', gap: 12}}>
      <svg width={24} height={24} viewBox="0 0 24 24">
        <circle cx={12} cy={12} r={9} fill="none" stroke={accent} strokeWidth={4} />
      </svg>
      <span style={{fontSize: 28, color: 'white'}}>{text}</span>
    </div>
  );
};

const Title = ({title, bold}: Pick<Props, 'title' | 'bold'>) => {
  const frame = useCurrentFrame();
  const y = interpolate(frame, [0, 12], [40, 0], {easing: Easing.out(Easing.cubic), extrapolateRight: 'clamp'});
  const opacity = interpolate(frame, [0, 12], [0, 1], {extrapolateRight: 'clamp'});
  return <h1 style={{margin: 0, fontSize: 56, fontWeight: bold ? 700 : 400, color: 'white', opacity, transform: `translateY(${y}px)`}}>{title}</h1>;
};

export default function Teaser({title, accent, points, year, bold, footer}: Props) {
  const {durationInFrames} = useVideoConfig();
  const frame = useCurrentFrame();
  return (
    <AbsoluteFill style={{backgroundColor: '#111827', fontFamily, padding: 48, gap: 16, boxSizing: 'border-box'}}>
      <Title title={title} bold={bold} />
      <Sequence from={10} layout="none">
        {points.map((text, index) => <Point key={index} text={text} index={index} accent={accent} />)}
      </Sequence>
      <Series>
        <Series.Sequence durationInFrames={20} layout="none"><p style={{color: '#9ca3af'}}>First part &amp; more</p></Series.Sequence>
        <Series.Sequence durationInFrames={20} layout="none"><p style={{color: '#9ca3af'}}>Second part of {year}</p></Series.Sequence>
      </Series>
      {footer && <small>{footer}</small>}
      <div style={{position: 'absolute', left: 0, bottom: 0, height: 8, width: `${(frame / durationInFrames) * 100}%`, background: accent}} />
    </AbsoluteFill>
  );
}
