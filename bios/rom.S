// A BIOS for a PC without a screen, a keyboard and disk drives: the serial port stands for the first two.
// README.md tells what there is; each file below has one service.
#include "platform.h"
#include "layout.inc"

.code16
#include "frame.inc"
#include "post.inc"
#include "vectors.inc"
#include "interrupts.inc"
#include "exceptions.inc"
#include "clock.inc"
#include "delay.inc"
#include "serial.inc"
#include "terminal.inc"
#include "glyphs.inc"
#include "screen.inc"
#include "video.inc"
#include "keyboard.inc"
#include "keys.inc"
#include "memory.inc"
#include "copy.inc"
#include "system.inc"
#include "disk.inc"
