@echo off
setlocal
rem What is set here for other programs that run in Node is not for this one.
set NODE_OPTIONS=
set NODE_PATH=
"%~dp0..\node.exe" "%~dp0..\quiesced.mjs" %*
