//! Columns of text that give way where a terminal is narrow.

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) title: &'static str,
    /// Whether it holds numbers, which stand to the right.
    pub(super) is_right: bool,
    /// Those with the highest give way first; 0 never does, it is cut.
    pub(super) gives_way: u8,
}

/// A column of text.
pub(super) const fn left(title: &'static str, gives_way: u8) -> Column {
    Column { title, is_right: false, gives_way }
}

/// A column of numbers.
pub(super) const fn right(title: &'static str, gives_way: u8) -> Column {
    Column { title, is_right: true, gives_way }
}

/// Between two columns.
const GAP: usize = 2;

/// The least that is left of a column that is cut.
const LEAST: usize = 8;

/// The lines of a table with a line of titles, each of at most `columns` columns. Columns that are empty are left out.
pub(super) fn lines<const N: usize>(header: [Column; N], rows: &[[String; N]], columns: usize) -> Vec<String> {
    let mut widths: [usize; N] = std::array::from_fn(|at| {
        let widest = rows.iter().map(|row| width(&row[at])).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest.max(width(header[at].title)) }
    });
    let total = |widths: &[usize; N]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.clone().sum::<usize>() + shown.count().saturating_sub(1) * GAP
    };
    while total(&widths) > columns {
        let present = (0..N).filter(|at| widths[*at] > 0 && header[*at].gives_way > 0);
        let Some(first) = present.max_by_key(|at| header[*at].gives_way) else { break };
        widths[first] = 0;
    }
    while total(&widths) > columns {
        let text = (0..N).filter(|at| !header[*at].is_right && widths[*at] > LEAST);
        let Some(widest) = text.max_by_key(|at| widths[*at]) else { break };
        widths[widest] -= 1;
    }
    let titles = header.map(|column| column.title.to_owned());
    std::iter::once(&titles).chain(rows).map(|row| line(row, &header, &widths, columns)).collect()
}

fn line<const N: usize>(row: &[String; N], header: &[Column; N], widths: &[usize; N], columns: usize) -> String {
    let mut text = String::new();
    for at in (0..N).filter(|at| widths[*at] > 0) {
        if !text.is_empty() {
            text.push_str(&" ".repeat(GAP));
        }
        let cell = cut(&row[at], widths[at]);
        let blanks = " ".repeat(widths[at] - width(&cell));
        if header[at].is_right {
            text.push_str(&blanks);
            text.push_str(&cell);
        } else {
            text.push_str(&cell);
            text.push_str(&blanks);
        }
    }
    cut(text.trim_end(), columns)
}

/// `text` in at most `columns` columns, with a mark where something is missing.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.into();
    }
    let (mut shown, mut used) = (String::new(), 0);
    for letter in text.chars() {
        used += letter_width(letter);
        if used + 1 > columns {
            break;
        }
        shown.push(letter);
    }
    shown.push('…');
    shown
}

/// The columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// East Asian letters and pictures take two columns (Unicode Standard Annex 11, "wide"), marks on letters none.
fn letter_width(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [Column; 4] = [left("who", 0), right("kbit/s", 0), left("codec", 2), right("jitter", 1)];

    fn table(columns: usize) -> Vec<String> {
        let row = |cells: [&str; 4]| cells.map(String::from);
        lines(HEADER, &[row(["Ada Lovelace", "1590", "vp8", "8 ms"]), row(["林さん", "32", "opus", "3 ms"])], columns)
    }

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let expected = [
            "who           kbit/s  codec  jitter",
            "Ada Lovelace    1590  vp8      8 ms",
            "林さん            32  opus     3 ms",
        ];
        assert_eq!(table(80), expected);
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_then_shorter_ones() {
        assert_eq!(table(30)[1], "Ada Lovelace    1590    8 ms");
        assert_eq!(table(22)[1], "Ada Lovelace    1590");
        assert_eq!(table(16)[1], "Ada Lov…    1590");
        for columns in 10..60 {
            assert!(table(columns).iter().all(|line| width(line) <= columns), "{columns}");
        }
    }
}
