#include "kube/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace processhub::kube {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr Wide kGreatest = std::numeric_limits<int64_t>::max();
constexpr int kDigitsKept = 18;  // so that with any suffix the number fits into 128 bits
constexpr int kLargeExponent = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// digits * 10^ten * 2^two
struct Number {
  uint64_t digits = 0;
  int ten = 0;
  int two = 0;
};

struct Suffix {
  std::string_view text;
  int ten;
  int two;
};
constexpr std::array<Suffix, 16> kSuffixes{{{"", 0, 0},
                                            {"n", -9, 0},
                                            {"u", -6, 0},
                                            {"m", -3, 0},
                                            {"k", 3, 0},
                                            {"M", 6, 0},
                                            {"G", 9, 0},
                                            {"T", 12, 0},
                                            {"P", 15, 0},
                                            {"E", 18, 0},
                                            {"Ki", 0, 10},
                                            {"Mi", 0, 20},
                                            {"Gi", 0, 30},
                                            {"Ti", 0, 40},
                                            {"Pi", 0, 50},
                                            {"Ei", 0, 60}}};

// Takes "12", "1.5", ".5" or "1." off the front of `text`.
std::optional<Number> take_digits(std::string_view& text) {
  Number number;
  int kept = 0;
  bool some = false;
  bool rest = false;  // digits that were not kept are not all 0
  bool fraction = false;
  for (; !text.empty() && (is_digit(text.front()) || (text.front() == '.' && !fraction));
       text.remove_prefix(1)) {
    if (text.front() == '.') {
      fraction = true;
      continue;
    }
    some = true;
    const int digit = text.front() - '0';
    if (kept < kDigitsKept) {
      number.digits = number.digits * 10 + static_cast<uint64_t>(digit);
      if (number.digits != 0) ++kept;
      if (fraction) --number.ten;
    } else {
      rest = rest || digit != 0;
      if (!fraction) ++number.ten;
    }
  }
  if (!some) return std::nullopt;
  if (rest) ++number.digits;
  return number;
}

// Of what stands after the digits: a suffix, or "e3", "E-3".
bool add_scale(std::string_view text, Number& number) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != text) continue;
    number.ten += suffix.ten;
    number.two += suffix.two;
    return true;
  }
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  int exponent = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (read.ec != std::errc() || exponent > kLargeExponent) exponent = kLargeExponent;
  number.ten += negative ? -exponent : exponent;
  return true;
}

int64_t rounded(const Number& number) {
  Wide value = static_cast<Wide>(number.digits) << static_cast<unsigned>(number.two);
  bool rest = false;
  for (int i = number.ten; i < 0 && value != 0; ++i) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  for (int i = 0; i < number.ten && value != 0 && value <= kGreatest; ++i) value *= 10;
  if (rest) ++value;
  return static_cast<int64_t>(std::min(value, kGreatest));
}

}  // namespace

std::optional<int64_t> parse_milli(std::string_view quantity) {
  const bool negative = quantity.starts_with('-');
  if (negative || quantity.starts_with('+')) quantity.remove_prefix(1);
  std::optional<Number> number = take_digits(quantity);
  if (!number || !add_scale(quantity, *number)) return std::nullopt;
  number->ten += 3;
  const int64_t milli = rounded(*number);
  return negative ? -milli : milli;
}

}  // namespace processhub::kube
