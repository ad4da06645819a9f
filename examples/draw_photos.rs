//! Draws the photos of the example manifest: cartoon faces, so that no person's picture is needed.
//!
//! `cargo run --example draw_photos [FOLDER]` writes them into `examples/photos` or the folder given.
//! The same sources give the same bytes: nothing here is random, and nothing depends on the machine.
#![expect(clippy::print_stdout, reason = "an example tells what it wrote")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use jpeg_encoder::ColorType as JpegColor;

const WIDTH: u16 = 160;
const HEIGHT: u16 = 200;

/// Samples per pixel along each axis, which smooth the edges.
const SAMPLES: u16 = 4;

const JPEG_QUALITY: u8 = 90;

/// Red, green, blue.
type Color = [u8; 3];

const WHITE: Color = [250, 250, 250];
const DARK: Color = [40, 36, 44];
const MOUTH: Color = [176, 58, 66];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or("examples/photos".into(), PathBuf::from);
    fs::create_dir_all(&folder)?;
    for face in &FACES {
        let path = folder.join(face.file);
        let bytes = encode(&path, &draw(&face.shapes(), face.background))?;
        fs::write(&path, &bytes)?;
        println!("{} ({} bytes)", path.display(), bytes.len());
    }
    Ok(())
}

/// One cartoon person.
struct Face {
    file: &'static str,
    background: [Color; 2],
    skin: Color,
    hair: Color,
    shirt: Color,
    style: Style,
}

#[derive(Clone, Copy)]
enum Style {
    Short,
    Long,
    Bun,
    Curly,
    Cap,
    Glasses,
}

const FACES: [Face; 6] = [
    Face {
        file: "demo_0001.jpg",
        background: [[196, 228, 250], [120, 178, 226]],
        skin: [141, 85, 54],
        hair: [34, 26, 24],
        shirt: [246, 190, 60],
        style: Style::Short,
    },
    Face {
        file: "demo_0002.png",
        background: [[255, 226, 196], [250, 168, 112]],
        skin: [232, 186, 148],
        hair: [120, 62, 30],
        shirt: [44, 120, 112],
        style: Style::Long,
    },
    Face {
        file: "demo_0003.jpg",
        background: [[212, 246, 206], [122, 196, 118]],
        skin: [104, 62, 42],
        hair: [22, 20, 26],
        shirt: [204, 66, 92],
        style: Style::Bun,
    },
    Face {
        file: "demo_0004.jpg",
        background: [[236, 214, 250], [176, 126, 214]],
        skin: [198, 134, 92],
        hair: [58, 34, 26],
        shirt: [52, 84, 160],
        style: Style::Curly,
    },
    Face {
        file: "demo_0005.png",
        background: [[255, 244, 178], [238, 206, 70]],
        skin: [245, 208, 178],
        hair: [196, 44, 52],
        shirt: [86, 60, 120],
        style: Style::Cap,
    },
    Face {
        file: "007.png",
        background: [[214, 220, 228], [122, 134, 150]],
        skin: [170, 110, 74],
        hair: [112, 112, 118],
        shirt: [30, 34, 46],
        style: Style::Glasses,
    },
];

impl Face {
    /// From the back to the front.
    fn shapes(&self) -> Vec<Shape> {
        let mut shapes = self.behind();
        shapes.extend(self.head());
        shapes.extend(features());
        shapes.extend(self.before());
        shapes
    }

    /// What the head hides in part.
    fn behind(&self) -> Vec<Shape> {
        match self.style {
            Style::Long => vec![
                Shape::ellipse((80.0, 90.0), (58.0, 66.0), self.hair),
                Shape::ellipse((38.0, 140.0), (18.0, 46.0), self.hair),
                Shape::ellipse((122.0, 140.0), (18.0, 46.0), self.hair),
            ],
            Style::Bun => vec![
                Shape::ellipse((80.0, 24.0), (20.0, 18.0), self.hair),
                Shape::ellipse((80.0, 80.0), (51.0, 55.0), self.hair),
            ],
            Style::Curly => curls(self.hair),
            Style::Short | Style::Cap | Style::Glasses => {
                vec![Shape::ellipse((80.0, 82.0), (50.0, 56.0), self.hair)]
            }
        }
    }

    fn head(&self) -> [Shape; 7] {
        let shade = self.skin.map(|value| value - value / 8);
        [
            Shape::ellipse((80.0, 210.0), (72.0, 52.0), self.shirt),
            Shape::ellipse((80.0, 158.0), (17.0, 24.0), shade),
            Shape::ellipse((33.0, 100.0), (9.0, 13.0), shade),
            Shape::ellipse((127.0, 100.0), (9.0, 13.0), shade),
            Shape::ellipse((80.0, 98.0), (46.0, 56.0), self.skin),
            Shape::ellipse((52.0, 118.0), (9.0, 6.0), blend(self.skin, MOUTH)),
            Shape::ellipse((108.0, 118.0), (9.0, 6.0), blend(self.skin, MOUTH)),
        ]
    }

    /// What lies over the face.
    fn before(&self) -> Vec<Shape> {
        let fringe = Shape::ellipse((80.0, 60.0), (47.0, 26.0), self.hair).above(66.0);
        match self.style {
            Style::Cap => vec![
                Shape::ellipse((80.0, 72.0), (50.0, 44.0), self.hair).above(70.0),
                Shape::ellipse((80.0, 70.0), (62.0, 8.0), blend(self.hair, DARK)),
            ],
            Style::Glasses => {
                let mut shapes = glasses();
                shapes.push(fringe);
                shapes
            }
            Style::Short | Style::Long | Style::Bun | Style::Curly => vec![fringe],
        }
    }
}

fn curls(hair: Color) -> Vec<Shape> {
    let centers = [
        (34.0, 84.0),
        (36.0, 60.0),
        (50.0, 42.0),
        (70.0, 32.0),
        (90.0, 32.0),
        (110.0, 42.0),
        (124.0, 60.0),
        (126.0, 84.0),
        (80.0, 52.0),
    ];
    centers
        .map(|center| Shape::ellipse(center, (20.0, 19.0), hair))
        .to_vec()
}

fn glasses() -> Vec<Shape> {
    [60.0, 100.0]
        .map(|x| Shape::ellipse((x, 94.0), (18.0, 15.0), DARK).hollow(0.82))
        .into_iter()
        .chain([Shape::ellipse((80.0, 91.0), (4.0, 2.0), DARK)])
        .collect()
}

/// Eyes, brows, nose and a smile, the same for everyone.
fn features() -> [Shape; 12] {
    let mouth = Shape::ellipse((80.0, 124.0), (20.0, 14.0), MOUTH);
    [
        Shape::ellipse((60.0, 94.0), (10.0, 8.0), WHITE),
        Shape::ellipse((100.0, 94.0), (10.0, 8.0), WHITE),
        Shape::ellipse((61.0, 94.0), (5.0, 6.0), DARK),
        Shape::ellipse((101.0, 94.0), (5.0, 6.0), DARK),
        Shape::ellipse((63.0, 92.0), (1.6, 1.6), WHITE),
        Shape::ellipse((103.0, 92.0), (1.6, 1.6), WHITE),
        Shape::ellipse((60.0, 82.0), (13.0, 5.0), DARK).above(80.0),
        Shape::ellipse((100.0, 82.0), (13.0, 5.0), DARK).above(80.0),
        Shape::ellipse((76.0, 111.0), (2.2, 1.6), DARK),
        Shape::ellipse((84.0, 111.0), (2.2, 1.6), DARK),
        mouth.below(126.0),
        Shape::ellipse((80.0, 124.0), (16.0, 5.0), WHITE).below(126.0),
    ]
}

/// An ellipse, or a part of one. Lengths are pixels.
#[derive(Clone, Copy)]
struct Shape {
    center: (f64, f64),
    radii: (f64, f64),
    /// The rows it keeps, from and to.
    rows: (f64, f64),
    /// The part of the radius that is left empty, 0 to 1.
    hole: f64,
    color: Color,
}

impl Shape {
    fn ellipse(center: (f64, f64), radii: (f64, f64), color: Color) -> Self {
        Self {
            center,
            radii,
            rows: (0.0, f64::from(HEIGHT)),
            hole: 0.0,
            color,
        }
    }

    fn above(self, row: f64) -> Self {
        Self {
            rows: (self.rows.0, row),
            ..self
        }
    }

    fn below(self, row: f64) -> Self {
        Self {
            rows: (row, self.rows.1),
            ..self
        }
    }

    fn hollow(self, hole: f64) -> Self {
        Self { hole, ..self }
    }

    fn covers(&self, x: f64, y: f64) -> bool {
        let (dx, dy) = ((x - self.center.0) / self.radii.0, (y - self.center.1) / self.radii.1);
        let distance = dx * dx + dy * dy;
        distance <= 1.0 && distance >= self.hole * self.hole && y >= self.rows.0 && y <= self.rows.1
    }
}

fn blend(one: Color, two: Color) -> Color {
    std::array::from_fn(|channel| one[channel] / 3 * 2 + two[channel] / 3)
}

/// The pixels, row by row, three bytes each.
fn draw(shapes: &[Shape], background: [Color; 2]) -> Vec<u8> {
    (0..HEIGHT)
        .flat_map(|y| (0..WIDTH).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(shapes, background, x, y))
        .collect()
}

/// The mean of the samples of one pixel.
fn pixel(shapes: &[Shape], background: [Color; 2], x: u16, y: u16) -> Color {
    let mut sums = [0_u32; 3];
    for index in 0..SAMPLES * SAMPLES {
        let at = |pixel, step| f64::from(pixel) + (f64::from(step) + 0.5) / f64::from(SAMPLES);
        let color = sample(shapes, background, at(x, index % SAMPLES), at(y, index / SAMPLES));
        for (sum, value) in sums.iter_mut().zip(color) {
            *sum += u32::from(value);
        }
    }
    sums.map(|sum| (sum / u32::from(SAMPLES * SAMPLES)) as u8)
}

/// The foremost shape, or the background, which runs from one color at the top to the other.
fn sample(shapes: &[Shape], [top, bottom]: [Color; 2], x: f64, y: f64) -> Color {
    if let Some(shape) = shapes.iter().rev().find(|shape| shape.covers(x, y)) {
        return shape.color;
    }
    let part = y / f64::from(HEIGHT);
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(top[channel]), f64::from(bottom[channel]));
        (from + (to - from) * part) as u8
    })
}

/// Encodes as the extension says.
fn encode(path: &Path, pixels: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "png") {
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH.into(), HEIGHT.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(pixels)?;
    } else {
        jpeg_encoder::Encoder::new(&mut bytes, JPEG_QUALITY).encode(pixels, WIDTH, HEIGHT, JpegColor::Rgb)?;
    }
    Ok(bytes)
}
