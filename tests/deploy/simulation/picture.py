"""A course as an SVG: workers, waiting orders and the age of the oldest, one above the other."""

WIDTH, STRIP, LEFT, RIGHT, TOP, GAP = 860, 120, 70, 20, 56, 34
COLOURS = {"keda": "#1f6feb", "hpa": "#d1571f"}
STRIPS = [("replicas", "workers"), ("lag", "orders waiting"), ("age", "oldest order, s")]


def nice(highest):
    """A round number at or above it."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= highest:
                return factor * step
        step *= 10


def line(values, highest, top, colour, dash):
    """Steps drawn where the value changes, so that a picture stays small."""
    width, length = WIDTH - LEFT - RIGHT, len(values)
    every = max(1, length // 400)
    points = []
    for second in range(0, length, every):
        # The worst of what is left out must be seen.
        value = max(values[second:second + every])
        points.append(f"{LEFT + width * second / length:.1f},{top + STRIP * (1 - value / highest):.1f}")
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="{" ".join(points)}"/>'


def draw(scenario, courses):
    """`courses` by mode."""
    height = TOP + len(STRIPS) * (STRIP + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold" fill="#222">{scenario.title}</text>',
    ]
    for number, mode in enumerate(courses):
        x = LEFT + 130 * number
        parts.append(f'<line x1="{x}" x2="{x + 24}" y1="38" y2="38" stroke="{COLOURS[mode]}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 30}" y="42" fill="#222">{mode}</text>')
    for number, (field, title) in enumerate(STRIPS):
        top = TOP + number * (STRIP + GAP) + 12
        highest = nice(max(1, *(max(getattr(course, field)) for course in courses.values())))
        parts.append(f'<text x="{LEFT}" y="{top - 6}" fill="#222">{title}</text>')
        for part in (0, 0.5, 1):
            y = top + STRIP * (1 - part)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end" fill="#555">{highest * part:g}</text>')
        for index, (mode, course) in enumerate(courses.items()):
            dash = ' stroke-dasharray="5 3"' if index else ""
            parts.append(line(getattr(course, field), highest, top, COLOURS[mode], dash))
    bottom = TOP + len(STRIPS) * (STRIP + GAP) - 6
    minutes = scenario.seconds // 60
    for part in range(0, minutes + 1, max(1, minutes // 6)):
        x = LEFT + (WIDTH - LEFT - RIGHT) * part / minutes
        parts.append(f'<text x="{x:.0f}" y="{bottom}" text-anchor="middle" fill="#555">{part} min</text>')
    return "\n".join(parts) + "\n</svg>\n"
