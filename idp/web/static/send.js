// The page that hands an answer to an application: its form sends itself. Without this file, its button does.
"use strict";

document.getElementById("main-form").submit();
